#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "kv/durable_writer.h"
#include "kv/expectation.h"
#include "kv/store.h"
#include "model/ids.h"
#include "table/change_counters.h"
#include "table/completion.h"
#include "table/pending_commit.h"
#include "table/written_records.h"

namespace kalam::table {

enum class SyncMode : std::uint8_t {
  kCommit,    // acknowledged after the sync that covers the write
  kInterval,  // acknowledged once the operating system has the bytes; synced every `interval`
};

struct CommitterOptions {
  SyncMode mode = SyncMode::kCommit;
  std::chrono::milliseconds interval{100};
  // An event loop may wait as long for a sync of its own, which saves a wake-up of some 30 us (StartSync).
  std::chrono::microseconds quick_sync{400};
  int node_id = 0;  // 0..1023, part of every seq
  ChangeCounters* counters = nullptr;  // counts what is committed; null: nobody wants to know
};

// What readers see: all writes up to `seq`, each of them durable. Shared by everybody who reads at that
// time; hold it as long as one statement, no longer (old row versions are kept for it).
class DurableSnapshot {
 public:
  DurableSnapshot(kv::SnapshotPtr view, Seq seq) : view_(std::move(view)), seq_(seq) {}
  const kv::Snapshot& view() const { return *view_; }
  const kv::SnapshotPtr& view_ptr() const { return view_; }
  Seq seq() const { return seq_; }

 private:
  kv::SnapshotPtr view_;
  Seq seq_;
};
using DurableSnapshotPtr = std::shared_ptr<const DurableSnapshot>;

// Is told, on the sync thread or a loop in its place and in order, of each round of the committer. `touched`: the
// watched slots (ChangeInterest) that the round's commits wrote to; `changes`: how many rows they changed; `records`:
// what they wrote to watched partitions.
class ChangeSink {
 public:
  virtual ~ChangeSink() = default;

  // The disk writes these commits at this moment, the last of them `upto`: the time to prepare for OnDurable, which
  // follows on the same thread. It does not when the sync fails, and may then come later, with more.
  virtual void OnSyncBegun(Seq /*upto*/, std::span<const std::uint32_t> /*touched*/, std::uint64_t /*changes*/,
                           WrittenRecords& /*records*/) {}

  // More became durable: after the snapshot is published and before the writers get their answers. Must be quick: more
  // than a few changes are pulled from the log elsewhere. `records` is for the sink to take if it likes.
  virtual void OnDurable(const DurableSnapshotPtr& snapshot, std::span<const std::uint32_t> touched,
                         std::uint64_t changes, WrittenRecords& records) = 0;
};

// May an operation wait (disk read, contended latch, held back write)? An event loop says kNever and,
// when the answer is "would block", lets a worker run the same operation with kAllowed.
enum class Blocking : std::uint8_t { kAllowed, kNever };

class ChangeRecording;

// What Commit did.
struct CommitOutcome {
  bool would_block = false;  // nothing was written
  Seq first;                 // seq of the first change; the others follow
  Seq last;
};

struct CommitterStats {
  std::uint64_t commits = 0;
  std::uint64_t rounds = 0;  // syncs; commits / rounds is the group size
  std::chrono::microseconds sync_time{0};  // that the syncs took, of all rounds
  bool sync_thread_sleeps = false;
};

// Orders all writes and makes them durable together.
//
// Sequencer: Commit, under one short lock, gives a prepared batch its seqs, patches them in and writes it
// to the store's buffer; so seq order = commit order = log order. No syscall happens there.
//
// Sync thread: while something is unsynced, it takes a snapshot, has the disk begin with everything written so
// far, lets the ChangeSink prepare meanwhile, syncs, and then, in this order, publishes the snapshot, tells the
// ChangeSink, and completes the acknowledgements (one PostBatch per queue). Writers that arrive during a sync share the
// next one.
// A lone write's round may be made by the event loop that wrote it (StartSync); rounds are one
// after the other, whoever makes them.
//
// A failed sync fails everyone who waits for it and stops all writes (see kv::Store); when the disk was
// full, the waiting writers are held for some seconds while space may come back.
//
// Seqs survive kill -9: a lease, a seq about two seconds ahead, is stored with the writes before any seq
// beyond it is seen by anybody; the next start begins above the lease.
//
// Thread-safe. Owned by the server; stop all users before destroying it. Destruction syncs.
class Committer final : public kv::DurableWriter {
 public:
  // Errors: what reading the lease from the store gives.
  static Result<std::unique_ptr<Committer>> Open(kv::Store& store, const Clock& clock,
                                                 CommitterOptions options);
  ~Committer() override;

  // Writes `commit` and returns its seqs; not yet durable (wait for `last`). With kNever nobody has
  // begun to sync it when this returns: StartSync or WaitDurable must follow. Errors: kNotFound
  // when one of its tables was dropped, kConflict when one was altered since its rows were made,
  // kIo when the disk is full, kUnavailable when the store is read-only. Nothing is written then.
  Result<CommitOutcome> Commit(PendingCommit& commit, Blocking blocking);

  // The newest published state. Cheap: one uncontended lock and a reference.
  DurableSnapshotPtr Snapshot() const;

  // Everything written so far, durable or not: what statements that write compute from. An answer that rests
  // on it may leave only once its seq() is durable.
  DurableSnapshotPtr LatestSnapshot();

  bool IsDurable(Seq seq) const;
  // Has `queue` run `completion` once everything up to `seq` is durable, or has failed. `queue` must
  // outlive it.
  void WhenDurable(Seq seq, CompletionQueue& queue, Completion completion);
  // Blocks until then; for workers.
  Status WaitDurable(Seq seq);

  // For event loops, at the end of a round: has what was written made durable. kHere: the loop
  // served one request in this round, and may make the sync itself if the sync thread sleeps and
  // the disk is quick (CommitterOptions::quick_sync); that saves a lone write the way to another thread.
  enum class Where : std::uint8_t { kHere, kElsewhere };
  void StartSync(Where where);
  // For a loop that will probably say kHere at the end of this round: the disk begins with what was written.
  void BeginSync();

  // For ids that become visible only through a later write here (a DEFAULT SNOWFLAKE_ID() of a
  // stored row). Never blocks.
  Seq NextId();
  // `count` consecutive ids that may be shown at once (SELECT SNOWFLAKE_ID(), rows of STREAM tables): never
  // given out again, also not after a crash. Returns the first; step on with AdvanceId. Blocks for one sync
  // when the lease has run out, at most about once a second; with kNever the answer is then Seq(0).
  Result<Seq> ReserveIds(std::uint32_t count, Blocking blocking);
  Seq AdvanceId(Seq seq, std::uint32_t by) const;

  // DDL: catalog writes in the commit order. See kv::DurableWriter.
  Status WriteDurably(const kv::Batch& batch) override;
  Status WriteAndDropPrefixes(const kv::Batch& batch,
                              std::span<const std::string> prefixes) override;
  Status WriteAndFence(const kv::Batch& batch, std::string_view prefix, int version) override;

  // A write about one table that changes none of its rows (a segment that now has them, hot rows that a segment has):
  // takes its place in the commit order. Not yet durable: wait for the seq it returns. Errors: kNotFound when the table
  // was dropped, kConflict when one of `expected` does not hold at this moment; nothing is written then.
  Result<Seq> WriteAbout(TableId table, const kv::Batch& batch, std::span<const kv::Expectation> expected = {});

  // Records which keys of a partition (PartitionPrefix) are written from now on; it fails with more than `max_keys`.
  std::unique_ptr<ChangeRecording> Record(std::string partition, std::size_t max_keys = 100'000);

  // As WriteAbout, of a batch that is made at its place in the commit order, from the keys recorded so far: nobody
  // writes until it is written. All writers wait for `make`, which may run more than once; an empty batch is not
  // written. Errors: kUnavailable when there were more changes than are recorded; those of `make` and of WriteAbout.
  using MakeBatch = std::function<Status(const std::set<std::string, std::less<>>& changed, kv::Batch& batch)>;
  Status WriteAbout(TableId table, const ChangeRecording& recording, const MakeBatch& make);

  // Commits to partitions of `slot` are told to the sink from now on, until as many Unwatch. Returns the seq
  // written last: later commits are told for sure, earlier ones perhaps.
  Seq Watch(std::uint32_t slot);
  void Unwatch(std::uint32_t slot);

  // At most one; null to remove. The one before is not called any more when this returns.
  void SetChangeSink(ChangeSink* sink);

  CommitterStats stats() const;

 private:
  friend class ChangeRecording;
  struct Impl;
  explicit Committer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kalam::table
