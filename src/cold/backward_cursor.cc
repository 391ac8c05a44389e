#include "backward_cursor.h"

#include "model/key_codec.h"

#include <algorithm>
#include <utility>

namespace kalam::cold {
namespace {

// A row group has 2,048 rows: smaller pieces would save little.
constexpr std::size_t kFirstPieceRows = 256;
constexpr std::size_t kMostPieceRows = 16'384;
constexpr std::size_t kBigIntKeyBytes = 8;

std::string KeyAfter(const std::string& key) { return key + '\0'; }

}  // namespace

BackwardSegment::BackwardSegment(const ColdRows& cold, const Manifest::Entry& entry, const TableDef& table,
                                 const std::string& lower, const std::optional<std::string>& upper)
    : cold_(cold),
      entry_(entry),
      table_(table),
      begin_(std::max(lower, entry.segment.min_key)),
      end_(KeyAfter(entry.segment.max_key)),
      piece_rows_(kFirstPieceRows) {
  if (upper && *upper < end_) end_ = *upper;
}

Result<bool> BackwardSegment::Previous() {
  if (started_ && !rows_.empty()) rows_.pop_back();
  started_ = true;
  if (rows_.empty()) KALAM_TRY(ReadPiece());
  return !rows_.empty();
}

std::string BackwardSegment::GuessBegin(std::size_t rows) const {
  const Segment& segment = entry_.segment;
  if (table_.primary_key_column().type != DataType::kBigInt ||
      std::min(begin_.size(), end_.size()) < kBigIntKeyBytes) {
    return begin_;
  }
  const auto number = [](std::string_view key) {
    return DecodePrimaryKey(key.substr(0, kBigIntKeyBytes), DataType::kBigInt).int_value();
  };
  // Without a sign: a difference may be larger than any number with one.
  const auto distance = [&](std::string_view from, std::string_view to) {
    return static_cast<std::uint64_t>(number(to)) - static_cast<std::uint64_t>(number(from));
  };
  const double step = static_cast<double>(distance(segment.min_key, segment.max_key)) /
                      static_cast<double>(segment.rows) * static_cast<double>(rows);
  const std::uint64_t room = distance(begin_, end_);
  if (step + 1 >= static_cast<double>(room)) return begin_;
  const auto end = static_cast<std::uint64_t>(number(end_));
  std::string key;
  AppendPrimaryKey(key, Datum::Int(static_cast<std::int64_t>(end - static_cast<std::uint64_t>(step) - 1)));
  return key;
}

Status BackwardSegment::ReadPiece() {
  for (std::size_t guessed = piece_rows_; begin_ < end_; guessed *= 4) {
    const std::string from = GuessBegin(guessed);
    const DataType key_type = table_.primary_key_column().type;
    duck::KeyRange keys;
    keys.lower = BoundOf(from, key_type);
    keys.upper = BoundOf(end_, key_type);
    KALAM_TRY_ASSIGN(const auto rows, SegmentCursor::Open(cold_, entry_, table_, keys));
    bool all = true;  // of the piece are kept
    while (true) {
      KALAM_TRY_ASSIGN(const bool more, rows->Next());
      if (!more || rows->key() >= end_) break;
      if (rows->key() < from) continue;
      KALAM_TRY_ASSIGN(const std::string_view row, rows->Row());
      rows_.push_back({rows->key(), std::string(row)});
      if (rows_.size() <= piece_rows_) continue;
      rows_.pop_front();
      all = false;
    }
    end_ = all ? from : rows_.front().key;
    piece_rows_ = std::min(piece_rows_ * 2, kMostPieceRows);
    if (!rows_.empty()) return {};
  }
  return {};
}

BackwardCursor::BackwardCursor(const ColdRows& cold, ManifestPtr manifest, const TableDef& table, std::string lower,
                               std::optional<std::string> upper)
    : cold_(cold),
      manifest_(std::move(manifest)),
      table_(table),
      lower_(std::move(lower)),
      upper_(std::move(upper)) {
  manifest_->ForEachWithin(lower_, upper_, [&](const Manifest::Entry& entry) { waiting_.push_back(&entry); });
  std::ranges::sort(waiting_, {},
                    [](const Manifest::Entry* entry) -> const std::string& { return entry->segment.max_key; });
}

// Steps a segment to its next row and puts it into the heap, if there is one.
Status BackwardCursor::Step(SegmentPtr segment) {
  KALAM_TRY_ASSIGN(const bool more, segment->Previous());
  if (!more) return {};
  open_.push_back(std::move(segment));
  std::ranges::push_heap(open_, EarlierKey);
  return {};
}

Result<bool> BackwardCursor::Next() {
  if (has_current_) {
    has_current_ = false;
    SegmentPtr current = std::move(open_.back());
    open_.pop_back();
    KALAM_TRY(Step(std::move(current)));
  }
  while (!waiting_.empty() && (open_.empty() || waiting_.back()->segment.max_key >= open_.front()->key())) {
    const Manifest::Entry& entry = *waiting_.back();
    waiting_.pop_back();
    KALAM_TRY(Step(std::make_unique<BackwardSegment>(cold_, entry, table_, lower_, upper_)));
  }
  if (open_.empty()) return false;
  std::ranges::pop_heap(open_, EarlierKey);
  has_current_ = true;
  return true;
}

}  // namespace kalam::cold
