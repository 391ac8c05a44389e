#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/ids.h"
#include "model/row_codec.h"
#include "model/table_def.h"
#include "table/committer.h"
#include "table/writer.h"

namespace kalam::table {

struct StreamOptions {
  std::uint64_t max_table_bytes = 64 << 20;          // keys, rows and their overhead, per table
  std::chrono::milliseconds eviction_interval{1000};  // how soon expired rows give back their memory
};

// A consistent view of one STREAM table: the rows that were live when it was taken, in seq order. Keeps
// them in memory while it lives. Safe to use while others write. Not thread-safe itself.
class StreamScan {
 public:
  // Steps to the next live row; false at the end. Expired and deleted rows are skipped.
  bool Next();
  // The primary key in key form. Valid as long as this scan.
  std::string_view key() const;
  // The seq of the last change that the view knows of.
  Seq upto() const;
  // The encoded row. Valid as long as this scan.
  std::string_view row() const;

 private:
  friend class StreamStore;
  struct View;
  explicit StreamScan(std::shared_ptr<const View> view);

  std::shared_ptr<const View> view_;
  std::size_t next_ = 0;  // position in the view, counted over all its chunks
};

struct StreamChunk;
struct StreamRow;

// One change of a STREAM table. Keeps its row in memory.
struct StreamChange {
  ChangeOp op = ChangeOp::kInsert;  // kInsert or kDelete; an update is one of each
  bool expired = false;             // kDelete: by TTL or want of room
  Seq seq;
  std::shared_ptr<const StreamChunk> chunk;
  const StreamRow* at = nullptr;

  std::string_view row() const;  // inserted or deleted; encoded
};

struct StreamChanges {
  std::vector<StreamChange> changes;  // in seq order
  Seq upto;                           // what they are complete up to
  bool complete = true;               // false: some are not known any more
};

// Is told after each write to a watched table, on the writer's thread. Must be quick.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  virtual void OnStreamWritten(TableId table) = 0;
};

// STREAM tables: rows in memory only, ordered by seq, gone after the table's TTL, when MAX_BUFFER rows or
// the byte bound are exceeded (oldest first), and at restart. Primary keys are unique among live rows.
// Deletes are hard. Thread-safe; owns one thread that gives back the memory of expired rows.
class StreamStore {
 public:
  StreamStore(Committer& committer, const Clock& clock, StreamOptions options);
  ~StreamStore();

  // Same contract as Writer::Apply, but visible at once and in memory only: `durable_after` is always 0. An
  // update moves its row to the end and starts its TTL anew.
  WriteReceipt Apply(const TableDef& table, std::span<const RowChange> changes, Blocking blocking);

  StreamScan Scan(const TableDef& table) const;
  // Calls `use` with the encoded row of `key`, if it is live; false if not.
  bool Get(const TableDef& table, std::string_view key,
           const std::function<void(std::string_view row)>& use) const;

  // Following one table: from Watch on its changes are kept until TakeChanges, whatever becomes of the rows; up to
  // a bound, beyond which they are given up and the next answer is not `complete`. Rows that leave for their
  // TTL or for want of room are told with `expiry` only. One follower per table. Returns the seq written last.
  Seq Watch(const TableDef& table, bool expiry);
  void Unwatch(TableId table);
  StreamChanges TakeChanges(TableId table);
  // What has become of the table after `after`, as far as rows and memory tell; expiry not counted.
  StreamChanges ChangesSince(const TableDef& table, Seq after) const;
  // At most one; null to remove. The one before is not called any more when this returns.
  void SetSink(StreamSink* sink);

  // Gives back the rows and refuses later writes: ids are not used again.
  void Drop(TableId table);

  // Live rows and bytes held, for system.stats.
  struct Usage {
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
  };
  Usage usage(TableId table) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kalam::table
