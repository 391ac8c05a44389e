#pragma once

#include "cold/cold_rows.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kalam::cold {

// Merges the segments of a manifest in the direction that SegmentWalk has (ForwardSegment, BackwardSegment), each
// opened when its first key is due. A key is visible in one of them only, so there is nothing to choose between.
template <typename SegmentWalk>
class MergingCursor final : public ColdCursor {
 public:
  // lower <= key < upper.
  MergingCursor(const ColdRows& cold, ManifestPtr manifest, const TableDef& table, std::string lower,
                std::optional<std::string> upper, kv::ReadTier tier)
      : cold_(cold),
        manifest_(std::move(manifest)),
        table_(table),
        lower_(std::move(lower)),
        upper_(std::move(upper)),
        tier_(tier) {
    manifest_->ForEachWithin(lower_, upper_, [&](const Manifest::Entry& entry) { waiting_.push_back(&entry); });
    std::ranges::sort(waiting_, [](const Manifest::Entry* a, const Manifest::Entry* b) {
      return SegmentWalk::Before(SegmentWalk::FirstKey(b->segment), SegmentWalk::FirstKey(a->segment));
    });
  }

  Result<ColdStep> Next() override {
    if (current_) {
      KALAM_TRY_ASSIGN(const ColdStep step, Step(std::move(current_)));
      if (step == ColdStep::kWouldBlock) return step;
    }
    while (!waiting_.empty() && IsDue(*waiting_.back())) {
      const Manifest::Entry& entry = *waiting_.back();
      waiting_.pop_back();
      KALAM_TRY_ASSIGN(const ColdStep step,
                       Step(std::make_unique<SegmentWalk>(cold_, entry, table_, lower_, upper_, tier_)));
      if (step == ColdStep::kWouldBlock) return step;
    }
    if (open_.empty()) return ColdStep::kEnd;
    std::ranges::pop_heap(open_, Later);
    current_ = std::move(open_.back());
    open_.pop_back();
    return ColdStep::kRow;
  }
  std::string_view key() const override { return current_->key(); }
  std::string_view row() const override { return current_->row(); }

 private:
  using WalkPtr = std::unique_ptr<SegmentWalk>;
  static bool Later(const WalkPtr& a, const WalkPtr& b) { return SegmentWalk::Before(b->key(), a->key()); }

  bool IsDue(const Manifest::Entry& entry) const {
    return open_.empty() || !SegmentWalk::Before(open_.front()->key(), SegmentWalk::FirstKey(entry.segment));
  }

  // Steps a segment to its next row and puts it into the heap, if there is one.
  Result<ColdStep> Step(WalkPtr walk) {
    KALAM_TRY_ASSIGN(const ColdStep step, walk->Next());
    if (step != ColdStep::kRow) return step;
    open_.push_back(std::move(walk));
    std::ranges::push_heap(open_, Later);
    return step;
  }

  const ColdRows& cold_;
  const ManifestPtr manifest_;
  const TableDef& table_;
  const std::string lower_;
  const std::optional<std::string> upper_;
  const kv::ReadTier tier_;
  std::vector<const Manifest::Entry*> waiting_;  // the next one to open at the back
  std::vector<WalkPtr> open_;                    // a heap, the one whose key comes next at the front
  WalkPtr current_;
};

}  // namespace kalam::cold
