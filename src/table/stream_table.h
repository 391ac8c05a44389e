#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/ids.h"
#include "model/table_def.h"
#include "table/committer.h"
#include "table/stream_store.h"
#include "table/writer.h"

namespace kalam::table {

// One row of a stream. Written once, under the table's lock, before any reader can see it; only
// `removed_at` changes later.
struct StreamRow {
  Seq seq;
  TimestampMicros expires_at = 0;
  std::string bytes;  // key, then encoded row
  std::uint32_t key_bytes = 0;
  std::atomic<std::uint64_t> removed_at{0};  // seq of the write that deleted it; 0: none

  std::string_view key() const { return std::string_view(bytes).substr(0, key_bytes); }
  std::string_view row() const { return std::string_view(bytes).substr(key_bytes); }
};

// Rows in seq order, shared between the table and the scans that still read them.
struct StreamChunk {
  static constexpr std::size_t kRows = 128;
  std::array<StreamRow, kRows> rows;
};

// The rows of one STREAM table: a queue of chunks, appended at the back, evicted at the front. Thread-safe:
// one lock, held for appending or evicting a few rows; scans only copy the list of chunks under it.
class StreamTable {
 public:
  StreamTable(Committer& committer, const Clock& clock, std::uint64_t max_bytes)
      : committer_(committer), clock_(clock), max_bytes_(max_bytes), last_(committer.NextId()), forgotten_(last_) {}

  // What a scan needs: chunks, the range of positions in them, and the moment it stands for.
  struct View {
    std::vector<std::shared_ptr<const StreamChunk>> chunks;
    std::size_t begin = 0;
    std::size_t end = 0;
    Seq upto;
    TimestampMicros now = 0;

    const StreamRow& at(std::size_t position) const {
      return chunks[position / StreamChunk::kRows]->rows[position % StreamChunk::kRows];
    }
    bool Shows(const StreamRow& row) const {
      const std::uint64_t removed = row.removed_at.load(std::memory_order_acquire);
      return row.expires_at > now && (removed == 0 || removed > upto.value());
    }
  };

  // See StreamStore::Apply.
  WriteReceipt Apply(const TableDef& table, std::span<const RowChange> changes, Blocking blocking);
  View Look() const;
  // Finds one row; `chunk` keeps it in memory.
  const StreamRow* Find(std::string_view key, std::shared_ptr<const StreamChunk>& chunk) const;

  // See StreamStore. `born`: no change before it is known.
  Seq Watch(bool expiry);
  void Unwatch();
  StreamChanges TakeChanges();
  StreamChanges ChangesSince(Seq after) const;
  bool watched() const { return watched_.load(std::memory_order_relaxed); }

  // Gives back up to `max_rows` expired rows; false when none is left.
  bool EvictExpired(std::size_t max_rows);

  std::uint64_t live_rows() const;
  std::uint64_t bytes() const;

 private:
  struct Position {
    std::shared_ptr<StreamChunk> chunk;
    std::size_t row;
    StreamRow& operator*() const { return chunk->rows[row]; }
  };
  using Garbage = std::vector<std::shared_ptr<StreamChunk>>;

  // All with mutex_ held.
  Status Check(const TableDef& table, std::span<const RowChange> changes, TimestampMicros now) const;
  StreamRow* FindLive(std::string_view key, TimestampMicros now) const;
  void Remove(std::string_view key, Seq seq);
  void Append(const RowChange& change, Seq seq, TimestampMicros expires_at);
  void EvictFront(Garbage& garbage);
  void Tell(ChangeOp op, bool expired, Seq seq, const std::shared_ptr<StreamChunk>& chunk, const StreamRow& row);
  bool empty() const { return begin_ == end_; }
  StreamRow& front() const { return chunks_.front()->rows[begin_]; }

  Committer& committer_;
  const Clock& clock_;
  const std::uint64_t max_bytes_;

  mutable std::mutex mutex_;
  // Rows begin_ .. end_ are held, counted from the first row of the first chunk.
  std::deque<std::shared_ptr<StreamChunk>> chunks_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t bytes_ = 0;
  Seq last_;  // at first: where the table begins
  std::unordered_map<std::string_view, Position> by_key_;  // not deleted; keys lie in the rows

  // Of changes up to here some are not in the rows any more: they were evicted, or came before a restart.
  Seq forgotten_;
  // For the follower.
  std::atomic<bool> watched_{false};
  bool watch_expiry_ = false;
  StreamChanges told_;
  std::uint64_t told_bytes_ = 0;
};

}  // namespace kalam::table
