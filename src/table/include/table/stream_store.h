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
  // The encoded row. Valid as long as this scan.
  std::string_view row() const;

 private:
  friend class StreamStore;
  struct View;
  explicit StreamScan(std::shared_ptr<const View> view);

  std::shared_ptr<const View> view_;
  std::size_t next_ = 0;  // position in the view, counted over all its chunks
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
