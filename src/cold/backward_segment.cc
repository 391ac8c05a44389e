#include "backward_segment.h"

#include "block_reader.h"
#include "model/key_codec.h"
#include "model/row_upgrade.h"

#include <algorithm>
#include <deque>
#include <utility>

namespace kalam::cold {
namespace {

// Row groups have 2,048 rows and more: smaller pieces would save little.
constexpr std::size_t kFirstPieceRows = 256;
constexpr std::size_t kMostPieceRows = 16'384;

std::string KeyAfter(std::string_view key) { return std::string(key) + '\0'; }

}  // namespace

BackwardSegment::BackwardSegment(const ColdRows& cold, const Manifest::Entry& entry, const TableDef& table,
                                 const std::string& lower, const std::optional<std::string>& upper,
                                 kv::ReadTier tier)
    : cold_(cold),
      entry_(entry),
      table_(table),
      tier_(tier),
      begin_(std::max(lower, entry.segment.min_key)),
      end_(KeyAfter(entry.segment.max_key)),
      piece_rows_(kFirstPieceRows) {
  if (upper && *upper < end_) end_ = *upper;
}

Result<ColdStep> BackwardSegment::Next() {
  do {
    if (next_ == first_) {
      KALAM_TRY_ASSIGN(const ColdStep more, ReadMore());
      if (more != ColdStep::kRow) return more;
    }
    --next_;
  } while (entry_.Hides(key()));
  KALAM_TRY_ASSIGN(row_, CurrentRow(table_, rows_->row(next_), upgraded_));
  return ColdStep::kRow;
}

Result<ColdStep> BackwardSegment::ReadMore() {
  while (begin_ < end_) {
    if (in_pieces_) {
      if (tier_ == kv::ReadTier::kCacheOnly) return ColdStep::kWouldBlock;
      KALAM_TRY_ASSIGN(rows_, ReadPiece());
      first_ = 0;
      next_ = rows_->size();
    } else {
      in_pieces_ = true;  // from here on
      KALAM_TRY_ASSIGN(rows_, BlockBeforeEnd());
      if (!rows_) continue;
      first_ = rows_->LowerBound(begin_);
      next_ = rows_->LowerBound(end_);
      end_ = rows_->key(0);
    }
    if (first_ < next_) return ColdStep::kRow;
  }
  return ColdStep::kEnd;
}

// Null: none that has all rows right before the end.
Result<RowBlockPtr> BackwardSegment::BlockBeforeEnd() const {
  // Nothing lies between a key and what follows it.
  const bool after_key = end_.back() == '\0' && !IsBigIntKey(end_, table_);
  const std::string_view last = std::string_view(end_).substr(0, end_.size() - (after_key ? 1 : 0));
  KALAM_TRY_ASSIGN(RowBlockPtr block, BlockAround(cold_, entry_, table_, last, tier_, Wanted::kItsNeighboursToo));
  if (block && !block->Covers(last)) block.reset();
  return block;
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

// The last rows before the end, which moves before them.
Result<RowBlockPtr> BackwardSegment::ReadPiece() {
  struct Row {
    std::string key, row;
  };
  std::deque<Row> last;
  for (std::size_t guessed = piece_rows_; begin_ < end_ && last.empty(); guessed *= 4) {
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
      last.push_back({rows->key(), std::string(rows->StoredRow())});
      if (last.size() <= piece_rows_) continue;
      last.pop_front();
      all = false;
    }
    end_ = all ? from : last.front().key;
    piece_rows_ = std::min(piece_rows_ * 2, kMostPieceRows);
  }
  RowBlock::Builder piece;
  for (const Row& row : last) piece.Add(row.key, row.row);
  return piece.Finish();
}

}  // namespace kalam::cold
