#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cold/cold_rows.h"
#include "kv/store.h"
#include "model/ids.h"
#include "model/row_codec.h"
#include "model/table_def.h"
#include "table/committer.h"

namespace kalam::table {

// The outcome of a point read.
enum class RowLookup : std::uint8_t { kFound, kNotFound, kWouldBlock };

// How many live rows there are.
struct LiveRows {
  std::uint64_t rows = 0;
  bool exact = true;  // false: counted up to a bound, the rest estimated from the bytes it takes
};

enum class Direction : std::uint8_t { kForward, kBackward };

// Bounds of a scan, primary keys in key form.
struct ScanBounds {
  std::string lower;                 // inclusive; empty: from the first
  std::optional<std::string> upper;  // exclusive; nullopt: to the last
};

// Where a point read leaves its row. Reuse keeps the memory.
class FoundRow {
 public:
  // A row of the definition it was read with: `RowView(table.layout, found.view())`. Valid until the next read.
  std::string_view view() const { return is_upgraded_ ? std::string_view(upgraded_) : stored_.view(); }

 private:
  friend class Reader;
  kv::PinnedValue stored_;
  std::string upgraded_;
  bool is_upgraded_ = false;  // the stored row is of an older schema version, or cold
};

// Walks the rows of one partition, hot and cold as one, in primary key order, tombstones included (RowView::deleted).
// Rows of older schema versions come out as rows of the definition. Holds the snapshot. Not thread-safe.
//
//   for (; cursor.Valid(); cursor.Next()) use(cursor.row());
//   if (cursor.would_block()) ...; KALAM_TRY(cursor.status());
class RowCursor {
 public:
  bool Valid() const { return place_ != Place::kEnd; }
  void Next();
  // The primary key in key form. Valid until Next.
  std::string_view key() const {
    return place_ == Place::kCold ? cold_->key() : it_->key().substr(prefix_bytes_);
  }
  // Valid until Next.
  RowView row() const {
    return RowView(table_->layout, place_ == Place::kCold ? cold_->row()
                                   : is_upgraded_         ? std::string_view(upgraded_)
                                                          : it_->value());
  }

  bool would_block() const { return would_block_ || it_->would_block(); }
  // Errors: kCorruption, kIo, kConflict when a row is newer than the definition; those of
  // cold::ColdCursor.
  Status status() const;

 private:
  friend class Reader;
  enum class Place : std::uint8_t {
    kEnd,
    kHot,
    kCold,
    kBoth
  };  // where the current row is; kBoth: hot hides cold

  RowCursor(std::unique_ptr<kv::Iterator> it, const TableDef& table, std::size_t prefix_bytes,
            Direction direction, Blocking blocking);
  void Start();
  void StepHot();
  void StepCold();
  bool ColdMayBeNext() const;
  void Choose();

  std::unique_ptr<kv::Iterator> it_;
  const TableDef* table_;
  std::size_t prefix_bytes_;
  Direction direction_;
  Blocking blocking_;
  Place place_ = Place::kEnd;
  bool hot_valid_ = false;
  std::string upgraded_;
  bool is_upgraded_ = false;                // the stored row is of an older schema version
  std::unique_ptr<cold::ColdCursor> cold_;  // null: no cold rows
  bool cold_valid_ = false;
  // The last key that may be cold. Backwards no file is opened before it is due: the latest rows are often hot.
  std::string cold_max_;
  bool cold_started_ = false;
  bool would_block_ = false;
  Status row_status_;
};

// Reads tables at a durable snapshot. Stateless and thread-safe. `table` must outlive what it
// returns. When it was looked up before the snapshot was taken, the snapshot may hold newer rows
// than it knows: kConflict.
class Reader {
 public:
  // Both must outlive it; without `cold` there are only hot rows.
  explicit Reader(const kv::Store& store, const cold::ColdRows* cold = nullptr)
      : store_(store), cold_(cold) {}

  const cold::ColdRows* cold() const { return cold_; }

  // The row with primary key `key` (key form), tombstones included. Errors: kCorruption, kIo,
  // kConflict.
  Result<RowLookup> Get(const DurableSnapshot& snapshot, const TableDef& table, const UserId& user,
                        std::string_view key, FoundRow& found, Blocking blocking) const;

  // A cursor on the first row within the bounds (the last one for kBackward).
  RowCursor Scan(const DurableSnapshotPtr& snapshot, const TableDef& table, const UserId& user,
                 const ScanBounds& bounds, Direction direction, Blocking blocking) const;

  // The live rows that are hot, of one partition, or of all with nullopt. Counts up to `max_rows`
  // and for `max_time` at most.
  Result<LiveRows> CountLive(const DurableSnapshotPtr& snapshot, const TableDef& table,
                             const std::optional<UserId>& user, std::uint64_t max_rows,
                             std::chrono::milliseconds max_time) const;

  // The users whose partitions have rows, ascending; one empty id for SHARED. Blocks.
  Result<std::vector<UserId>> Partitions(const DurableSnapshotPtr& snapshot,
                                         const TableDef& table) const;
  // Those of them with hot rows.
  Result<std::vector<UserId>> HotPartitions(const DurableSnapshotPtr& snapshot,
                                            const TableDef& table) const;
  // A cursor on the first hot row of a partition within the bounds; cold ones are not seen.
  RowCursor ScanHot(const DurableSnapshotPtr& snapshot, const TableDef& table, const UserId& user,
                    const ScanBounds& bounds = {}) const;
  // The keys of these rows, tombstones included: what hides cold ones.
  Result<std::vector<std::string>> HotKeys(const DurableSnapshotPtr& snapshot, const TableDef& table,
                                           const UserId& user, const ScanBounds& bounds) const;

 private:
  RowCursor HotCursor(const DurableSnapshotPtr& snapshot, const TableDef& table, const UserId& user,
                      const ScanBounds& bounds, Direction direction, Blocking blocking) const;
  Status AddCold(RowCursor& cursor, const DurableSnapshotPtr& snapshot, const UserId& user,
                 const ScanBounds& bounds) const;

  const kv::Store& store_;
  const cold::ColdRows* const cold_;
};

}  // namespace kalam::table
