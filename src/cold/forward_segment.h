#pragma once

#include "cold/cold_rows.h"
#include "cold/row_block.h"
#include "segment_cursor.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace kalam::cold {

// The rows of one segment from the first to the last: those of the block around the first one, where it is in memory
// or worth making, then those of the file behind it.
class ForwardSegment {
 public:
  // lower <= key < upper.
  ForwardSegment(const ColdRows& cold, const Manifest::Entry& entry, const TableDef& table, const std::string& lower,
                 const std::optional<std::string>& upper, kv::ReadTier tier)
      : cold_(cold), entry_(entry), table_(table), tier_(tier), begin_(lower), upper_(upper) {}

  static bool Before(std::string_view a, std::string_view b) { return a < b; }
  static const std::string& FirstKey(const Segment& segment) { return segment.min_key; }

  // Steps to the next row; kEnd behind the last. Errors: as ColdCursor::Next.
  Result<ColdStep> Next();
  // Of the current row; valid until the next step.
  std::string_view key() const { return key_; }
  std::string_view row() const { return row_; }

 private:
  Result<ColdStep> NextInBlock();
  Result<ColdStep> NextInFile();
  Status FindBlock();
  Status OpenFile();

  const ColdRows& cold_;
  const Manifest::Entry& entry_;
  const TableDef& table_;
  const kv::ReadTier tier_;
  std::string begin_;  // of what has not been read
  const std::optional<std::string> upper_;
  bool started_ = false;
  RowBlockPtr block_;     // null: none, or behind it
  std::size_t next_ = 0;  // of the block
  std::unique_ptr<SegmentCursor> file_;
  std::string_view key_, row_;
  std::string upgraded_;
};

}  // namespace kalam::cold
