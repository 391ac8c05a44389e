#include "table/committer.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "acknowledgements.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/log.h"
#include "model/row_codec.h"
#include "model/seq_generator.h"
#include "sequencer_mutex.h"
#include "table/change_interest.h"
#include "table/change_recording.h"

namespace kalam::table {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view kLeaseKey = "seq_lease";

// A seq counts milliseconds above its lowest 22 bits.
constexpr std::uint64_t SeqDistance(milliseconds time) {
  return static_cast<std::uint64_t>(time.count())
         << (SeqGenerator::kNodeBits + SeqGenerator::kCounterBits);
}
// How far a new lease reaches, and what must be left of it before a write renews it. Longer leases would
// cost nothing while running, but after a crash the seqs start that far ahead of the clock.
constexpr std::uint64_t kLeaseReach = SeqDistance(milliseconds(2000));
constexpr std::uint64_t kLeaseReserve = SeqDistance(milliseconds(1000));

constexpr milliseconds kStallPause{1};
// kInterval: a round costs a system call, a snapshot and a wake-up per event loop whether it serves one commit or
// fifty. Where the last one served several, the next begins no sooner than this after it.
constexpr std::uint64_t kBusyCommits = 4;
constexpr std::chrono::microseconds kBusyRound{200};
// Writers caught by a full disk wait this long for space before they are told that their outcome is
// unknown; attempts to recover go on after that.
constexpr milliseconds kHoldOnDiskFull{3000};
constexpr milliseconds kRecoverPause{200};

Result<Seq> ReadLease(const kv::Store& store) {
  kv::PinnedValue value;
  KALAM_TRY_ASSIGN(const auto outcome, store.Get(kv::Family::kMeta, kLeaseKey, value));
  if (outcome == kv::ReadOutcome::kNotFound) return Seq(0);
  if (value.view().size() != sizeof(std::uint64_t)) {
    return Error(ErrorCode::kCorruption, "the stored seq lease has a wrong length");
  }
  return Seq(LoadLittleEndian<std::uint64_t>(value.view().data()));
}

void PutLease(kv::Batch& batch, Seq lease) {
  char value[sizeof(std::uint64_t)];
  StoreLittleEndian(value, lease.value());
  batch.Put(kv::Family::kMeta, kLeaseKey, std::string_view(value, sizeof(value)));
}

}  // namespace

struct Committer::Impl {
  Impl(kv::Store& s, const Clock& clock, CommitterOptions o, Seq floor)
      : store(s),
        options(o),
        seqs(clock, o.node_id, floor),
        written(floor),
        written_lease(floor),
        durable_lease(floor),
        acknowledgements(floor),
        snapshot(std::make_shared<const DurableSnapshot>(s.TakeSnapshot(), floor)) {}

  // --- Sequencer -----------------------------------------------------------------------------------

  // What one turn in the sequencer does with its batch once its seqs are known.
  struct Turn {
    kv::Batch& batch;
    PendingCommit* commit = nullptr;      // rows to stamp
    std::span<const TableId> dropping{};  // tables that end with this write
    std::optional<TableId> about{};       // must not have been dropped
    std::span<const kv::Expectation> expected{};
    std::optional<PendingCommit::Target> fence{};  // the only schema version that may be written from now on
    const ChangeRecording* recording = nullptr;    // what `make` is given to fill the batch
    const MakeBatch* make = nullptr;
  };

  Status CheckTargets(const std::vector<PendingCommit::Target>& targets) const {
    if (dropped.empty() && fences.empty()) return {};
    for (const auto& [table, version] : targets) {
      if (dropped.contains(table)) return Error(ErrorCode::kNotFound, "the table was dropped");
      const auto fence = fences.find(table);
      if (fence != fences.end() && fence->second != version) {
        return Error(ErrorCode::kConflict, "ERROR: the table was altered meanwhile");
      }
    }
    return {};
  }

  Status Check(const kv::Expectation& expected) const {
    kv::PinnedValue value;
    KALAM_TRY_ASSIGN(const auto found, store.Get(expected.family, expected.key, value));
    const bool present = found == kv::ReadOutcome::kFound;
    using Kind = kv::Expectation::Kind;
    if (expected.kind == Kind::kAbsent ? !present
                                       : present && (expected.kind == Kind::kPresent || expected.value == value.view()))
      return {};
    return Error(ErrorCode::kConflict, "the state that a background write was made for has changed");
  }

  static void Stamp(PendingCommit& commit, const SeqGenerator& seqs, Seq first) {
    for (std::uint32_t i = 0; i < commit.changes(); ++i) {
      const auto& places = commit.places_[i];
      const Seq seq = seqs.Advance(first, i);
      SetRowSeq(commit.batch_.at(places.hot_row), seq);
      SetRowSeq(commit.batch_.at(places.log_row), seq);
    }
    for (const auto& [change, earlier] : commit.own_old_rows_) {
      const auto& places = commit.places_[change];
      SetRowSeq(commit.batch_.at(places.log_row + places.row_bytes), seqs.Advance(first, earlier));
    }
    for (const auto& record : commit.records_) {
      StoreBigEndian(commit.batch_.at(record.key + record.key_bytes - sizeof(std::uint64_t)),
                     seqs.Advance(first, record.last_change).value());
    }
  }

  void Record(PendingCommit& commit) {
    for (const auto& places : commit.places_) {
      const std::string_view key(commit.batch_.at(places.hot_key), places.hot_key_bytes);
      for (ChangeRecording* recording : recordings) recording->Note(key);
    }
  }

  // Those who follow its partitions, once it is durable.
  void Tell(PendingCommit& commit) {
    for (const auto& record : commit.records_) {
      if (!interest.Touch(record.slot)) continue;
      written_records.Add({commit.batch_.at(record.key), record.key_bytes},
                          {commit.batch_.at(record.value), record.value_bytes});
    }
  }

  // One attempt; the lock is held for its length.
  Result<CommitOutcome> TakeTurn(const Turn& turn) {
    std::lock_guard lock(sequencer);
    const std::uint32_t count = turn.commit ? turn.commit->changes() : 1;
    if (turn.commit) KALAM_TRY(CheckTargets(turn.commit->targets_));
    if (turn.about && dropped.contains(*turn.about)) return Error(ErrorCode::kNotFound, "the table was dropped");
    for (const kv::Expectation& expected : turn.expected) KALAM_TRY(Check(expected));
    CommitOutcome outcome;
    if (turn.make) {
      if (turn.recording->too_many_) return Error(ErrorCode::kUnavailable, "too many changes to record");
      turn.batch.Clear();
      KALAM_TRY((*turn.make)(turn.recording->keys_, turn.batch));
      if (turn.batch.empty()) return outcome;
    }
    outcome.first = seqs.Reserve(count);
    outcome.last = seqs.Advance(outcome.first, count - 1);
    if (turn.commit) Stamp(*turn.commit, seqs, outcome.first);

    Seq lease = written_lease;
    if (outcome.last.value() + kLeaseReserve > lease.value()) {
      lease = Seq(outcome.last.value() + kLeaseReach);
      PutLease(turn.batch, lease);
    }
    KALAM_TRY_ASSIGN(const auto write, store.Write(turn.batch, kv::Stall::kNever));
    outcome.would_block = write == kv::WriteOutcome::kWouldBlock;
    if (!outcome.would_block) {
      dropped.insert(turn.dropping.begin(), turn.dropping.end());
      if (turn.fence) fences[turn.fence->table] = turn.fence->version;
      if (turn.commit && options.counters != nullptr) {
        for (std::size_t i = 0; i < turn.commit->targets_.size(); ++i) {
          options.counters->Add(turn.commit->targets_[i].table, turn.commit->target_changes_[i]);
        }
      }
      changes += turn.commit ? count : 0;
      if (turn.commit && interest.any()) {
        Tell(*turn.commit);
      }
      if (turn.commit && !recordings.empty()) Record(*turn.commit);
      written_lease = lease;
      written.store(outcome.last, std::memory_order_seq_cst);
      commits.fetch_add(1, std::memory_order_relaxed);
    }
    return outcome;
  }

  // The engine holds writes back by refusing them, never inside the sequencer's lock: others could not
  // even fail fast.
  Result<CommitOutcome> Sequence(const Turn& turn, Blocking blocking) {
    while (true) {
      auto outcome = TakeTurn(turn);
      if (!outcome.ok()) {
        if (store.needs_recovery()) WakeSyncThread();
        return outcome;
      }
      if (blocking == Blocking::kNever) return outcome;  // StartSync follows
      if (!outcome->would_block) {
        WakeSyncThread();
        return outcome;
      }
      std::this_thread::sleep_for(kStallPause);
    }
  }

  void WakeSyncThread() {
    // Pairs with Idle: it announces sleep before it looks at `written`, we write before we look whether
    // it sleeps; one of the two sees the other.
    if (!sleeping.load(std::memory_order_seq_cst)) return;
    { std::lock_guard lock(sync_mutex); }
    sync_wake.notify_one();
  }

  // --- Sync thread ---------------------------------------------------------------------------------

  void Run() {
    while (Idle()) {
      if (options.mode == SyncMode::kInterval) AwaitMore();
      RoundOrSuffer();
    }
    if (HasUnsynced()) RoundOrSuffer();
  }

  void RoundOrSuffer() {
    std::lock_guard lock(round_mutex);
    if (const Status done = Round(); !done.ok()) Suffer(done.error());
  }

  // True when a round was made here. A failed one is left to the sync thread: it makes it again,
  // and suffers.
  bool TryRoundHere() {
    const auto lock = TryLockRound();
    return lock.owns_lock() && Round().ok();
  }
  std::unique_lock<std::mutex> TryLockRound() {
    if (options.mode != SyncMode::kCommit || !sleeping.load(std::memory_order_seq_cst)) return {};
    std::unique_lock lock(round_mutex, std::try_to_lock);
    return lock.owns_lock() && expected_sync <= options.quick_sync ? std::move(lock) : std::unique_lock<std::mutex>();
  }

  // Writers don't have to wake this thread meanwhile: it does not count as sleeping.
  void AwaitMore() {
    const std::uint64_t now = commits.load(std::memory_order_relaxed);
    const bool busy = now - commits_before_round >= kBusyCommits;
    commits_before_round = now;
    if (!busy) return;
    std::unique_lock lock(sync_mutex);
    sync_wake.wait_until(lock, last_round + kBusyRound, [&] { return stopping.load(); });
  }

  bool HasUnpublished() const { return published.load() < written.load(std::memory_order_seq_cst); }
  bool HasUnsynced() const { return synced.load() < written.load(std::memory_order_seq_cst); }

  // Waits for something to do; false when it is time to stop.
  bool Idle() {
    std::unique_lock lock(sync_mutex);
    sleeping.store(true, std::memory_order_seq_cst);
    const auto ready = [&] { return stopping || HasUnpublished() || store.needs_recovery(); };
    if (options.mode == SyncMode::kInterval && HasUnsynced()) {
      sync_wake.wait_until(lock, last_sync + options.interval, ready);
    } else {
      sync_wake.wait(lock, ready);
    }
    sleeping.store(false, std::memory_order_seq_cst);
    return !stopping;
  }

  // The caller holds round_mutex.
  Status Round() {
    kv::SnapshotPtr view;
    Seq upto;
    Seq lease;
    {
      std::lock_guard lock(sequencer);
      view = store.TakeSnapshot();
      upto = written.load(std::memory_order_relaxed);
      lease = written_lease;
      interest.TakeTouched(touched);
      records.Take(written_records);
      unpublished_changes += std::exchange(changes, 0);
    }
    last_round = steady_clock::now();
    const auto publish = [&] {
      rounds.fetch_add(1, std::memory_order_relaxed);
      Publish(std::make_shared<const DurableSnapshot>(std::move(view), upto), lease);
    };

    const bool nobody_waits_for_it = options.mode == SyncMode::kInterval && HasUnpublished();
    if (nobody_waits_for_it) {
      KALAM_TRY(store.FlushToOs());
      publish();
      if (!stopping && steady_clock::now() - last_sync < options.interval) return {};
    }
    const auto sync_began = steady_clock::now();
    if (!nobody_waits_for_it) {
      KALAM_TRY(store.BeginSync());
      std::lock_guard lock(sink_mutex);
      if (sink) sink->OnSyncBegun(upto, touched, unpublished_changes, records);
    }
    KALAM_TRY(store.Sync());
    synced = upto;
    last_sync = steady_clock::now();
    expected_sync += (last_sync - sync_began - expected_sync) / 8;
    sync_nanos.fetch_add(std::chrono::nanoseconds(last_sync - sync_began).count(), std::memory_order_relaxed);
    if (!nobody_waits_for_it) publish();
    return {};
  }

  // Readers first, then subscribers, then the writers: whoever is told of a write can read it.
  void Publish(DurableSnapshotPtr next, Seq lease) {
    durable_lease.store(lease, std::memory_order_release);
    published = next->seq();
    {
      std::lock_guard lock(snapshot_mutex);
      snapshot.swap(next);
    }
    next.reset();  // may give up the last reference to the previous view: not under the lock
    {
      std::lock_guard lock(sink_mutex);
      if (sink) sink->OnDurable(Current(), touched, unpublished_changes, records);
    }
    touched.clear();
    records.Clear();
    unpublished_changes = 0;
    acknowledgements.Advance(published.load());
  }

  // A sync failed. A full disk may pass: the writers wait for that a while. Anything else ends writing.
  void Suffer(const Error& error) {
    const Error answer(error.code(),
                       error.message() + " (whether this write survives is not known)");
    const bool may_pass = error.code() == ErrorCode::kIo;
    log::Error("table", "sync failed: " + error.message());
    if (!may_pass) acknowledgements.Fail(answer);

    const auto tell_at = steady_clock::now() + kHoldOnDiskFull;
    bool told = !may_pass;
    while (!PauseUntilStop(may_pass ? kRecoverPause : milliseconds::max())) {
      if (store.Recover().ok()) return;  // the next round publishes
      if (!told && steady_clock::now() >= tell_at) {
        acknowledgements.Fail(answer);
        told = true;
      }
    }
    if (!told) acknowledgements.Fail(answer);
  }

  // True when it is time to stop.
  bool PauseUntilStop(milliseconds pause) {
    std::unique_lock lock(sync_mutex);
    const auto stop = [&] { return stopping.load(); };
    if (pause == milliseconds::max()) {
      sync_wake.wait(lock, stop);
      return true;
    }
    return sync_wake.wait_for(lock, pause, stop);
  }

  DurableSnapshotPtr Current() const {
    std::lock_guard lock(snapshot_mutex);
    return snapshot;
  }

  kv::Store& store;
  const CommitterOptions options;

  SequencerMutex sequencer;
  SeqGenerator seqs;
  std::unordered_set<TableId> dropped;          // guarded by sequencer
  std::unordered_map<TableId, int> fences;      // guarded by sequencer; tables altered since the start
  ChangeInterest interest;              // guarded by sequencer
  WrittenRecords written_records;       // guarded by sequencer; of commits since the last round began
  std::vector<ChangeRecording*> recordings;     // guarded by sequencer
  std::uint64_t changes = 0;            // guarded by sequencer; rows changed since the last round began
  std::atomic<Seq> written;             // changed under sequencer
  Seq written_lease;                    // guarded by sequencer
  std::atomic<Seq> durable_lease;
  std::atomic<std::uint64_t> commits{0};
  std::atomic<std::uint64_t> rounds{0};
  std::atomic<std::int64_t> sync_nanos{0};

  Acknowledgements acknowledgements;
  std::mutex sink_mutex;
  ChangeSink* sink = nullptr;  // guarded by sink_mutex
  mutable std::mutex snapshot_mutex;
  DurableSnapshotPtr snapshot;  // guarded by snapshot_mutex

  std::mutex round_mutex;  // held for a round, by the sync thread or an event loop that has nothing else to do
  std::atomic<Seq> published = written.load();  // changed under round_mutex, as what follows
  std::vector<std::uint32_t> touched;           // by commits that are not published yet
  std::uint64_t unpublished_changes = 0;        // rows changed by them
  WrittenRecords records;                       // of them
  std::atomic<Seq> synced = published.load();
  steady_clock::time_point last_sync = steady_clock::now();
  steady_clock::duration expected_sync = options.quick_sync;  // a moving average
  steady_clock::time_point last_round = last_sync;
  std::uint64_t commits_before_round = 0;

  std::mutex sync_mutex;
  std::condition_variable sync_wake;
  std::atomic<bool> sleeping{false};
  std::atomic<bool> stopping{false};
  std::thread sync_thread;
};

Committer::Committer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->sync_thread = std::thread([state = impl_.get()] { state->Run(); });
}

Result<std::unique_ptr<Committer>> Committer::Open(kv::Store& store, const Clock& clock,
                                                   CommitterOptions options) {
  KALAM_TRY_ASSIGN(const Seq floor, ReadLease(store).Context("read the seq lease"));
  auto impl = std::make_unique<Impl>(store, clock, options, floor);
  return std::unique_ptr<Committer>(new Committer(std::move(impl)));
}

Committer::~Committer() {
  {
    std::lock_guard lock(impl_->sync_mutex);
    impl_->stopping = true;
  }
  impl_->sync_wake.notify_one();
  impl_->sync_thread.join();
  // Nothing was given out beyond this, so the next start needs no safety distance.
  kv::Batch batch;
  PutLease(batch, impl_->seqs.Next());
  if (const Status status = impl_->store.WriteDurably(batch); !status.ok()) {
    log::Warn("table", "last seq not stored at shutdown: " + status.error().message());
  }
}

Result<CommitOutcome> Committer::Commit(PendingCommit& commit, Blocking blocking) {
  KALAM_CHECK(commit.changes() > 0, "nothing to commit");
  commit.CloseRecord();
  return impl_->Sequence({.batch = commit.batch_, .commit = &commit}, blocking);
}

DurableSnapshotPtr Committer::Snapshot() const { return impl_->Current(); }

DurableSnapshotPtr Committer::LatestSnapshot() {
  std::lock_guard lock(impl_->sequencer);
  return std::make_shared<const DurableSnapshot>(impl_->store.TakeSnapshot(),
                                                 impl_->written.load(std::memory_order_relaxed));
}

bool Committer::IsDurable(Seq seq) const { return impl_->acknowledgements.IsDurable(seq); }

void Committer::WhenDurable(Seq seq, CompletionQueue& queue, Completion completion) {
  impl_->acknowledgements.When(seq, queue, std::move(completion));
}

Status Committer::WaitDurable(Seq seq) {
  impl_->WakeSyncThread();  // part of it may be a loop's commit
  return impl_->acknowledgements.Wait(seq);
}

void Committer::StartSync(Where where) {
  if (!impl_->HasUnpublished()) return;
  if (where == Where::kHere && impl_->TryRoundHere()) return;
  impl_->WakeSyncThread();
}

void Committer::BeginSync() {
  const auto lock = impl_->TryLockRound();
  if (lock.owns_lock()) (void)impl_->store.BeginSync();  // what fails fails the round
}

Seq Committer::NextId() { return impl_->seqs.Next(); }

Result<Seq> Committer::ReserveIds(std::uint32_t count, Blocking blocking) {
  const Seq first = impl_->seqs.Reserve(count);
  const Seq last = impl_->seqs.Advance(first, count - 1);
  if (last <= impl_->durable_lease.load(std::memory_order_acquire)) return first;
  if (blocking == Blocking::kNever) return Seq(0);
  // Any write that comes after `last` carries a lease beyond it.
  KALAM_TRY(WriteDurably(kv::Batch()));
  return first;
}

Seq Committer::AdvanceId(Seq seq, std::uint32_t by) const { return impl_->seqs.Advance(seq, by); }

Status Committer::WriteDurably(const kv::Batch& batch) { return WriteAndDropPrefixes(batch, {}); }

Status Committer::WriteAndDropPrefixes(const kv::Batch& batch,
                                       std::span<const std::string> prefixes) {
  kv::Batch all = batch.Clone();
  std::vector<TableId> dropping;
  for (const auto& prefix : prefixes) {
    KALAM_CHECK(prefix.size() == sizeof(std::uint32_t), "the prefix of a whole table");
    all.DeletePrefix(kv::Family::kHot, prefix);
    all.DeletePrefix(kv::Family::kLog, prefix);
    dropping.push_back(TableId(LoadBigEndian<std::uint32_t>(prefix.data())));
  }
  KALAM_TRY_ASSIGN(const auto outcome,
                   impl_->Sequence({.batch = all, .dropping = dropping}, Blocking::kAllowed));
  return WaitDurable(outcome.last);
}

Status Committer::WriteAndFence(const kv::Batch& batch, std::string_view prefix, int version) {
  KALAM_CHECK(prefix.size() == sizeof(std::uint32_t), "the prefix of a whole table");
  kv::Batch all = batch.Clone();
  const TableId table(LoadBigEndian<std::uint32_t>(prefix.data()));
  KALAM_TRY_ASSIGN(const auto outcome,
                   impl_->Sequence({.batch = all, .fence = PendingCommit::Target{table, version}}, Blocking::kAllowed));
  return WaitDurable(outcome.last);
}

Result<Seq> Committer::WriteAbout(TableId table, const kv::Batch& batch,
                                  std::span<const kv::Expectation> expected) {
  kv::Batch all = batch.Clone();
  KALAM_TRY_ASSIGN(const auto outcome,
                   impl_->Sequence({.batch = all, .about = table, .expected = expected}, Blocking::kAllowed));
  return outcome.last;
}

std::unique_ptr<ChangeRecording> Committer::Record(std::string partition, std::size_t max_keys) {
  std::unique_ptr<ChangeRecording> recording(new ChangeRecording(*this, std::move(partition), max_keys));
  std::lock_guard lock(impl_->sequencer);
  recording->snapshot_ = std::make_shared<const DurableSnapshot>(impl_->store.TakeSnapshot(),
                                                                 impl_->written.load(std::memory_order_relaxed));
  impl_->recordings.push_back(recording.get());
  return recording;
}

ChangeRecording::~ChangeRecording() {
  std::lock_guard lock(committer_.impl_->sequencer);
  std::erase(committer_.impl_->recordings, this);
}

void ChangeRecording::Note(std::string_view hot_key) {
  if (too_many_ || !hot_key.starts_with(partition_)) return;
  keys_.emplace(hot_key.substr(partition_.size()));
  if (keys_.size() <= max_keys_) return;
  too_many_ = true;
  keys_.clear();
}

Status Committer::WriteAbout(TableId table, const ChangeRecording& recording, const MakeBatch& make) {
  kv::Batch batch;
  const auto outcome = impl_->Sequence(
      {.batch = batch, .about = table, .recording = &recording, .make = &make}, Blocking::kAllowed);
  return outcome.ok() ? Status() : Status(outcome.error());
}

Seq Committer::Watch(std::uint32_t slot) {
  std::lock_guard lock(impl_->sequencer);
  impl_->interest.Watch(slot);
  return impl_->written.load(std::memory_order_relaxed);
}

void Committer::Unwatch(std::uint32_t slot) {
  std::lock_guard lock(impl_->sequencer);
  impl_->interest.Unwatch(slot);
}

void Committer::SetChangeSink(ChangeSink* sink) {
  std::lock_guard lock(impl_->sink_mutex);
  impl_->sink = sink;
}

CommitterStats Committer::stats() const {
  return {.commits = impl_->commits.load(),
          .rounds = impl_->rounds.load(),
          .sync_time = std::chrono::duration_cast<std::chrono::microseconds>(
              std::chrono::nanoseconds(impl_->sync_nanos.load())),
          .sync_thread_sleeps = impl_->sleeping.load()};
}

}  // namespace kalam::table
