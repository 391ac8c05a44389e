#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kv/store.h"
#include "model/ids.h"
#include "model/row_codec.h"
#include "model/table_def.h"
#include "table/committer.h"

namespace kalam::table {

// The outcome of a point read.
enum class RowLookup : std::uint8_t { kFound, kNotFound, kWouldBlock };

enum class Direction : std::uint8_t { kForward, kBackward };

// Bounds of a scan, primary keys in key form.
struct ScanBounds {
  std::string lower;                 // inclusive; empty: from the first
  std::optional<std::string> upper;  // exclusive; nullopt: to the last
};

// Walks the rows of one partition in primary key order, tombstones included (RowView::deleted). Holds the
// snapshot. Not thread-safe.
//
//   for (; cursor.Valid(); cursor.Next()) use(cursor.row());
//   if (cursor.would_block()) ...; KALAM_TRY(cursor.status());
class RowCursor {
 public:
  bool Valid() const { return valid_; }
  void Next();
  // The primary key in key form. Valid until Next.
  std::string_view key() const { return it_->key().substr(prefix_bytes_); }
  // Valid until Next.
  RowView row() const { return RowView(*layout_, it_->value()); }

  bool would_block() const { return it_->would_block(); }
  // Errors: kCorruption, kIo.
  Status status() const;

 private:
  friend class Reader;
  RowCursor(std::unique_ptr<kv::Iterator> it, const RowLayout& layout, std::size_t prefix_bytes,
            Direction direction);
  void CheckRow();

  std::unique_ptr<kv::Iterator> it_;
  const RowLayout* layout_;
  std::size_t prefix_bytes_;
  Direction direction_;
  bool valid_ = false;
  Status row_status_;
};

// Reads tables at a durable snapshot. Stateless and thread-safe. `table` must outlive what it returns.
class Reader {
 public:
  explicit Reader(const kv::Store& store) : store_(store) {}

  // The row with primary key `key` (key form), tombstones included: `RowView(table.layout, value.view())`.
  // Errors: kCorruption, kIo.
  Result<RowLookup> Get(const DurableSnapshot& snapshot, const TableDef& table, const UserId& user,
                        std::string_view key, kv::PinnedValue& value, Blocking blocking) const;

  // A cursor on the first row within the bounds (the last one for kBackward).
  RowCursor Scan(const DurableSnapshotPtr& snapshot, const TableDef& table, const UserId& user,
                 const ScanBounds& bounds, Direction direction, Blocking blocking) const;

 private:
  const kv::Store& store_;
};

}  // namespace kalam::table
