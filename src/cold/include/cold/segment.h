#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "base/strong_id.h"
#include "cold/key_filter.h"
#include "cold/object_store.h"
#include "model/ids.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::cold {

// Number of a segment, ascending in the order of publication within a partition. Never used again.
using SegmentId = StrongId<struct SegmentIdTag, std::uint64_t>;

// Which values a column of numbers or times has in a segment, NULL aside; none when min > max.
struct ColumnExtent {
  std::int32_t field_id = 0;  // the column's stable id, or one of segment_columns.h
  std::int64_t min = std::numeric_limits<std::int64_t>::max();
  std::int64_t max = std::numeric_limits<std::int64_t>::min();

  void Include(std::int64_t value) {
    min = std::min(min, value);
    max = std::max(max, value);
  }
};

// One immutable Parquet file with rows of one partition, sorted by primary key, one version a key.
// Columns: the table's (by field id: the column's stable id), then `_seq`, `_updated`, `_deleted`.
struct Segment {
  SegmentId id;
  std::string storage_id;  // the storage that holds the file
  std::string root = {};   // where `file` lies, see Placement: ALTER STORAGE moves no file
  ObjectName file;
  std::uint64_t bytes = 0;
  std::string sha256;  // of the file, lower-case hex
  std::uint64_t rows = 0;
  int schema_version = 1;  // of its columns
  std::string min_key;     // key form, inclusive
  std::string max_key;
  Seq min_seq;
  Seq max_seq;
  std::uint64_t tombstones = 0;
  TimestampMicros created_at = 0;
  std::vector<ColumnExtent> extents = {};  // of columns that a time range may leave the whole file out by

  bool Covers(std::string_view key) const { return min_key <= key && key <= max_key; }
};

// | version u8 = 3 | id u64 | bytes u64 | rows u64 | tombstones u64 | min seq u64 | max seq u64 |
// | created at i64 | schema version u32 | then as u32 length and bytes: storage id, root,
// file, sha256, min key, max key | then for each extent: field id i32 | min i64 | max i64 |, integers little-endian.
// Version 2 ends before the extents.
std::string EncodeSegment(const Segment& segment);
// Errors: kCorruption.
Result<Segment> DecodeSegment(std::string_view bytes);

// Keys of a segment that later segments hold newer versions of; readers leave them out. A superset
// is stored: a key that the segment does not have at all does no harm. Sorted, without repetition.
//
//   repeated: | bytes u32 LE | key |
std::string EncodeHiddenKeys(const std::vector<std::string>& sorted_keys);
// Errors: kCorruption.
Result<std::vector<std::string>> DecodeHiddenKeys(std::string_view bytes);

}  // namespace kalam::cold
