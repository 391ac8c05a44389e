#include "segment_cursor.h"

#include "model/key_codec.h"
#include "model/row_upgrade.h"

#include <algorithm>
#include <utility>

namespace kalam::cold {

std::optional<Value> BoundOf(std::string_view key, DataType type) {
  if (type != DataType::kBigInt) return Value(DecodePrimaryKey(key, type));
  if (key.size() < kBigIntKeyBytes) return std::nullopt;
  return Value(DecodePrimaryKey(key.substr(0, kBigIntKeyBytes), type));
}

SegmentCursor::SegmentCursor(const Manifest::Entry& entry, const TableDef& table, SegmentShape shape,
                             SegmentFilePtr file, std::unique_ptr<duck::SegmentRows> rows, Show show)
    : entry_(entry),
      table_(table),
      shape_(std::move(shape)),
      file_(std::move(file)),
      rows_(std::move(rows)),
      hidden_(show == Show::kAll ? nullptr : entry.hidden.get()) {}

Result<std::unique_ptr<SegmentCursor>> SegmentCursor::Open(const ColdRows& cold, const Manifest::Entry& entry,
                                                           const TableDef& table, const duck::KeyRange& keys,
                                                           Show show) {
  KALAM_TRY_ASSIGN(SegmentShape shape, ShapeOf(table, entry.segment.schema_version));
  KALAM_TRY_ASSIGN(SegmentFilePtr file, cold.files().Get(entry.segment));
  KALAM_TRY_ASSIGN(auto rows, cold.engine().Read(file->path(), shape.columns, shape.key_column, keys));
  return std::unique_ptr<SegmentCursor>(
      new SegmentCursor(entry, table, std::move(shape), std::move(file), std::move(rows), show));
}

Result<bool> SegmentCursor::Next() {
  do {
    KALAM_TRY_ASSIGN(const bool more, rows_->Next());
    if (!more) return false;
    key_.clear();
    AppendPrimaryKey(key_, rows_->Column(shape_.key_column));
  } while (hidden_ != nullptr && std::ranges::binary_search(*hidden_, key_));
  return true;
}

bool SegmentCursor::SkipPieceBefore(std::string_view key) {
  std::string last;
  AppendPrimaryKey(last, rows_->LastOfPiece(shape_.key_column));
  if (last >= key) return false;
  rows_->SkipPiece();
  return true;
}

std::string_view SegmentCursor::StoredRow() {
  columns_.clear();
  for (std::size_t i = 0; i < shape_.seq_column(); ++i) columns_.push_back(rows_->Column(i));
  stored_.clear();
  EncodeRow(*shape_.layout, entry_.segment.schema_version, rows_->Column(shape_.updated_column()).int_value(),
            rows_->Column(shape_.deleted_column()).bool_value(), columns_, stored_);
  SetRowSeq(stored_.data(), Seq(static_cast<std::uint64_t>(rows_->Column(shape_.seq_column()).int_value())));
  return stored_;
}

Result<std::string_view> SegmentCursor::Row() { return CurrentRow(table_, StoredRow(), upgraded_); }

}  // namespace kalam::cold
