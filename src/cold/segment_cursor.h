#pragma once

#include "cold/cold_rows.h"
#include "cold/segment_columns.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::cold {

// A bound in key form as a value. A BIGINT bound may be longer than a key (`key 0x00` is what
// follows `key`): its first bytes are a bound, too, if a looser one. A shorter one is none.
std::optional<Value> BoundOf(std::string_view key, DataType type);

// The rows of one segment that the manifest shows, in key order. `entry`, `table` and what `cold` works with must
// outlive it.
class SegmentCursor {
 public:
  // Rows outside `keys` may be left out. Errors: as ColdCursor::Next.
  static Result<std::unique_ptr<SegmentCursor>> Open(const ColdRows& cold, const Manifest::Entry& entry,
                                                     const TableDef& table, const duck::KeyRange& keys);

  // Steps to the next visible key.
  Result<bool> Next();
  const std::string& key() const { return key_; }
  // The current row as one of the definition; valid until the next call.
  Result<std::string_view> Row();

 private:
  SegmentCursor(const Manifest::Entry& entry, const TableDef& table, SegmentShape shape, SegmentFilePtr file,
                std::unique_ptr<duck::SegmentRows> rows);

  const Manifest::Entry& entry_;
  const TableDef& table_;
  const SegmentShape shape_;
  const SegmentFilePtr file_;
  const std::unique_ptr<duck::SegmentRows> rows_;
  std::vector<Datum> columns_;
  std::string key_, stored_, upgraded_;
};

}  // namespace kalam::cold
