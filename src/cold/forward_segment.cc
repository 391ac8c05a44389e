#include "forward_segment.h"

#include "block_reader.h"
#include "model/row_upgrade.h"

#include <utility>

namespace kalam::cold {

Status ForwardSegment::FindBlock() {
  started_ = true;
  // A walk from the first row on goes far, as a rule.
  const bool inside = begin_ > entry_.segment.min_key;
  const std::string& first = inside ? begin_ : entry_.segment.min_key;
  KALAM_TRY_ASSIGN(block_, BlockAround(cold_, entry_, table_, first, inside ? tier_ : kv::ReadTier::kCacheOnly,
                                       Wanted::kItsNeighboursToo));
  if (block_ && !block_->Covers(first)) block_.reset();
  if (block_) next_ = block_->LowerBound(begin_);
  return {};
}

Status ForwardSegment::OpenFile() {
  const DataType key_type = table_.primary_key_column().type;
  duck::KeyRange keys;
  if (!begin_.empty()) keys.lower = BoundOf(begin_, key_type);
  if (upper_) keys.upper = BoundOf(*upper_, key_type);
  KALAM_TRY_ASSIGN(file_, SegmentCursor::Open(cold_, entry_, table_, keys));
  return {};
}

Result<ColdStep> ForwardSegment::Next() {
  if (!started_) KALAM_TRY(FindBlock());
  return block_ ? NextInBlock() : NextInFile();
}

Result<ColdStep> ForwardSegment::NextInBlock() {
  for (; next_ < block_->size(); ++next_) {
    key_ = block_->key(next_);
    if (upper_ && key_ >= *upper_) return ColdStep::kEnd;
    if (entry_.Hides(key_)) continue;
    KALAM_TRY_ASSIGN(row_, CurrentRow(table_, block_->row(next_++), upgraded_));
    return ColdStep::kRow;
  }
  begin_ = std::string(block_->key(next_ - 1)) + '\0';
  block_.reset();
  return begin_ > entry_.segment.max_key ? ColdStep::kEnd : NextInFile();
}

Result<ColdStep> ForwardSegment::NextInFile() {
  if (tier_ == kv::ReadTier::kCacheOnly) return ColdStep::kWouldBlock;
  if (!file_) KALAM_TRY(OpenFile());
  do {
    KALAM_TRY_ASSIGN(const bool more, file_->Next());
    if (!more || (upper_ && file_->key() >= *upper_)) return ColdStep::kEnd;
    key_ = file_->key();
  } while (key_ < begin_);
  KALAM_TRY_ASSIGN(row_, file_->Row());
  return ColdStep::kRow;
}

}  // namespace kalam::cold
