#pragma once

#include "cold/cold_rows.h"
#include "cold/row_block.h"
#include "segment_cursor.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kalam::cold {

// The rows of one segment from the last to the first. It begins with the block around the end, where there is one in
// memory or worth making. Beyond that, since files are read forwards only, it reads a piece before the end, keeps the
// last rows of it, gives them, and takes the piece before that. Where keys are numbers, the first pieces are as long
// as so many rows should be if keys lay evenly; else each piece begins with the file. Pieces grow.
class BackwardSegment {
 public:
  // lower <= key < upper.
  BackwardSegment(const ColdRows& cold, const Manifest::Entry& entry, const TableDef& table, const std::string& lower,
                  const std::optional<std::string>& upper, kv::ReadTier tier);

  static bool Before(std::string_view a, std::string_view b) { return a > b; }
  static const std::string& FirstKey(const Segment& segment) { return segment.max_key; }

  // Steps to the row before; kEnd at the beginning. Errors: as ColdCursor::Next.
  Result<ColdStep> Next();
  // Valid until the next step.
  std::string_view key() const { return rows_->key(next_); }
  std::string_view row() const { return row_; }

 private:
  Result<ColdStep> ReadMore();
  Result<RowBlockPtr> BlockBeforeEnd() const;
  Result<RowBlockPtr> ReadPiece();
  // Where a piece before end_ begins that has as many rows as are to be kept, if keys lie evenly.
  std::string GuessBegin(std::size_t rows) const;

  const ColdRows& cold_;
  const Manifest::Entry& entry_;
  const TableDef& table_;
  const kv::ReadTier tier_;
  const std::string begin_;  // of all that is wanted
  std::string end_;          // of what has not been read
  std::size_t piece_rows_;
  bool in_pieces_ = false;
  RowBlockPtr rows_;      // rows at hand; null before the first step
  std::size_t first_ = 0;  // of them that is wanted
  std::size_t next_ = 0;  // the current one; those up to first_ are still to come
  std::string_view row_;
  std::string upgraded_;
};

}  // namespace kalam::cold
