#include "forward_cursor.h"

#include "block_reader.h"
#include "model/row_upgrade.h"

#include <algorithm>
#include <utility>

namespace kalam::cold {

Status ForwardSegment::FindBlock() {
  started_ = true;
  // A walk from the first row on goes far, as a rule.
  const bool inside = begin_ > entry_.segment.min_key;
  const std::string& first = inside ? begin_ : entry_.segment.min_key;
  KALAM_TRY_ASSIGN(block_, BlockAround(cold_, entry_, table_, first, inside ? tier_ : kv::ReadTier::kCacheOnly));
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
  while (block_) {
    if (next_ == block_->size()) {
      begin_ = std::string(block_->key(next_ - 1)) + '\0';
      block_.reset();
      if (begin_ > entry_.segment.max_key) return ColdStep::kEnd;
      break;
    }
    key_ = block_->key(next_++);
    if (upper_ && key_ >= *upper_) return ColdStep::kEnd;
    if (!entry_.Hides(key_)) return ColdStep::kRow;
  }
  if (tier_ == kv::ReadTier::kCacheOnly) return ColdStep::kWouldBlock;
  if (!file_) KALAM_TRY(OpenFile());
  do {
    KALAM_TRY_ASSIGN(const bool more, file_->Next());
    if (!more || (upper_ && file_->key() >= *upper_)) return ColdStep::kEnd;
    key_ = file_->key();
  } while (key_ < begin_);
  return ColdStep::kRow;
}

Result<std::string_view> ForwardSegment::Row() {
  return block_ ? CurrentRow(table_, block_->row(next_ - 1), upgraded_) : file_->Row();
}

ForwardCursor::ForwardCursor(const ColdRows& cold, ManifestPtr manifest, const TableDef& table, std::string lower,
                             std::optional<std::string> upper, kv::ReadTier tier)
    : cold_(cold),
      manifest_(std::move(manifest)),
      table_(table),
      lower_(std::move(lower)),
      upper_(std::move(upper)),
      tier_(tier) {
  manifest_->ForEachWithin(lower_, upper_, [&](const Manifest::Entry& entry) { waiting_.push_back(&entry); });
  // The next one to open at the back.
  std::ranges::reverse(waiting_);
}

// Steps a segment to its next row and puts it into the heap, if there is one.
Result<ColdStep> ForwardCursor::Step(SegmentPtr segment) {
  KALAM_TRY_ASSIGN(const ColdStep step, segment->Next());
  if (step != ColdStep::kRow) return step;
  open_.push_back(std::move(segment));
  std::ranges::push_heap(open_, LaterKey);
  return step;
}

Result<ColdStep> ForwardCursor::Next() {
  if (current_) {
    KALAM_TRY_ASSIGN(const ColdStep step, Step(std::move(current_)));
    if (step == ColdStep::kWouldBlock) return step;
  }
  while (!waiting_.empty() && (open_.empty() || waiting_.back()->segment.min_key <= open_.front()->key())) {
    const Manifest::Entry& entry = *waiting_.back();
    waiting_.pop_back();
    KALAM_TRY_ASSIGN(const ColdStep step,
                     Step(std::make_unique<ForwardSegment>(cold_, entry, table_, lower_, upper_, tier_)));
    if (step == ColdStep::kWouldBlock) return step;
  }
  if (open_.empty()) return ColdStep::kEnd;
  std::ranges::pop_heap(open_, LaterKey);
  current_ = std::move(open_.back());
  open_.pop_back();
  KALAM_TRY_ASSIGN(row_, current_->Row());
  return ColdStep::kRow;
}

}  // namespace kalam::cold
