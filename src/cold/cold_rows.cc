#include "cold/cold_rows.h"

#include "backward_cursor.h"
#include "model/key_codec.h"
#include "segment_cursor.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace kalam::cold {
namespace {

// What opening a file and decoding one of its row groups costs, in rows of a walk.
constexpr std::size_t kRowsPerLook = 8'192;

// Merges the segments. A key is visible in one of them only, so there is nothing to choose between.
class MergeCursor final : public ColdCursor {
 public:
  MergeCursor(const ColdRows& cold, ManifestPtr manifest, const TableDef& table, std::string lower,
              std::optional<std::string> upper)
      : cold_(cold),
        manifest_(std::move(manifest)),
        table_(table),
        lower_(std::move(lower)),
        upper_(std::move(upper)) {
    manifest_->ForEachWithin(lower_, upper_, [&](const Manifest::Entry& entry) { waiting_.push_back(&entry); });
    // The next one to open at the back.
    std::ranges::reverse(waiting_);
    const DataType key_type = table.primary_key_column().type;
    if (!lower_.empty()) keys_.lower = BoundOf(lower_, key_type);
    if (upper_) keys_.upper = BoundOf(*upper_, key_type);
  }

  Result<bool> Next() override {
    if (current_) {
      KALAM_TRY(Step(std::move(current_)));
    }
    while (!waiting_.empty() &&
           (open_.empty() || waiting_.back()->segment.min_key <= open_.front()->key())) {
      const Manifest::Entry& entry = *waiting_.back();
      waiting_.pop_back();
      KALAM_TRY_ASSIGN(auto segment, SegmentCursor::Open(cold_, entry, table_, keys_));
      KALAM_TRY(Step(std::move(segment)));
    }
    if (open_.empty()) return false;
    std::ranges::pop_heap(open_, LaterKey);
    current_ = std::move(open_.back());
    open_.pop_back();
    KALAM_TRY_ASSIGN(row_, current_->Row());
    return true;
  }
  std::string_view key() const override { return current_->key(); }
  std::string_view row() const override { return row_; }

 private:
  using SegmentCursorPtr = std::unique_ptr<SegmentCursor>;

  static bool LaterKey(const SegmentCursorPtr& a, const SegmentCursorPtr& b) {
    return a->key() > b->key();
  }

  // Steps a segment to its next row within the bounds and puts it among the open ones, if there is
  // one.
  Status Step(SegmentCursorPtr segment) {
    while (true) {
      KALAM_TRY_ASSIGN(const bool more, segment->Next());
      if (!more || (upper_ && segment->key() >= *upper_)) return {};
      if (segment->key() >= lower_) break;
    }
    open_.push_back(std::move(segment));
    std::ranges::push_heap(open_, LaterKey);
    return {};
  }

  const ColdRows& cold_;
  const ManifestPtr manifest_;
  const TableDef& table_;
  const std::string lower_;
  const std::optional<std::string> upper_;
  duck::KeyRange keys_;
  std::vector<const Manifest::Entry*> waiting_;  // by min_key, descending
  std::vector<SegmentCursorPtr> open_;           // a heap, the smallest key at the front
  SegmentCursorPtr current_;
  std::string_view row_;
};

// Looks for keys (by their numbers, ascending) in one segment.
Status FindInSegment(const ColdRows& cold, const Manifest::Entry& entry, const TableDef& table,
                     std::span<const std::string> keys, std::span<const std::size_t> wanted,
                     DataType key_type, const ColdRows::UseRow& use) {
  duck::KeyRange range;
  range.lower = Value(DecodePrimaryKey(keys[wanted.front()], key_type));
  range.upper = Value(DecodePrimaryKey(keys[wanted.back()], key_type));
  KALAM_TRY_ASSIGN(const auto segment, SegmentCursor::Open(cold, entry, table, range));
  auto next = wanted.begin();
  while (next != wanted.end()) {
    KALAM_TRY_ASSIGN(const bool more, segment->Next());
    if (!more) return {};
    while (next != wanted.end() && keys[*next] < segment->key()) ++next;
    if (next == wanted.end() || keys[*next] != segment->key()) continue;
    KALAM_TRY_ASSIGN(const std::string_view row, segment->Row());
    use(*next++, row);
  }
  return {};
}

}  // namespace

Result<bool> ColdRows::Get(const Manifest& manifest, const TableDef& table, std::string_view key,
                           std::string& row) const {
  bool found = false;
  KALAM_TRY(GetMany(manifest, table, std::vector<std::string>{std::string(key)},
                    [&](std::size_t, std::string_view cold) {
                      row = cold;
                      found = true;
                    }));
  return found;
}

Status ColdRows::GetMany(const Manifest& manifest, const TableDef& table,
                         std::span<const std::string> keys, const UseRow& use) const {
  const DataType key_type = table.primary_key_column().type;
  if (keys.empty()) return {};
  std::vector<std::pair<const Manifest::Entry*, std::vector<std::size_t>>> found;
  manifest.ForEachWithin(keys.front(), keys.back() + '\0', [&](const Manifest::Entry& entry) {
    std::vector<std::size_t> wanted;
    auto key = std::ranges::lower_bound(keys, entry.segment.min_key);
    for (; key != keys.end() && *key <= entry.segment.max_key; ++key) {
      if (entry.MayContain(*key)) wanted.push_back(static_cast<std::size_t>(key - keys.begin()));
    }
    if (!wanted.empty()) found.emplace_back(&entry, std::move(wanted));
  });
  for (const auto& [entry, wanted] : found) {
    // Few keys among many rows: one look into the file for each, else one walk through it.
    const bool one_by_one = wanted.size() * kRowsPerLook < entry->segment.rows;
    for (std::size_t i = 0; i < wanted.size();) {
      const std::size_t end = one_by_one ? i + 1 : wanted.size();
      KALAM_TRY(FindInSegment(*this, *entry, table, keys, std::span(wanted).subspan(i, end - i),
                              key_type, use));
      i = end;
    }
  }
  return {};
}

std::unique_ptr<ColdCursor> ColdRows::Scan(ManifestPtr manifest, const TableDef& table,
                                           std::string lower,
                                           std::optional<std::string> upper) const {
  return std::make_unique<MergeCursor>(*this, std::move(manifest), table, std::move(lower),
                                       std::move(upper));
}

std::unique_ptr<ColdCursor> ColdRows::ScanBackwards(ManifestPtr manifest, const TableDef& table, std::string lower,
                                                    std::optional<std::string> upper) const {
  return std::make_unique<BackwardCursor>(*this, std::move(manifest), table, std::move(lower), std::move(upper));
}

}  // namespace kalam::cold
