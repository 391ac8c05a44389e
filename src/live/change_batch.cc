#include "change_batch.h"

#include "model/row_codec.h"
#include "model/row_upgrade.h"

namespace kalam::live {

void ChangeBatch::Clear() {
  changes_.clear();
  versions_.clear();
  cells_.clear();
  rows_used_ = 0;
  bytes_ = 0;
  chunk_filled_ = false;
}

Status ChangeBatch::Add(const table::ChangeRecord& change) {
  const bool is_delete = change.op == table::ChangeOp::kDelete;
  changes_.push_back({change.op, false, RowSeq(change.row)});
  KALAM_TRY(AddVersion(change.row, is_delete ? Version::kTombstone : Version::kLive));
  if (change.old_row.empty()) {
    AddNothing();
    return {};
  }
  return AddVersion(change.old_row, RowDeleted(change.old_row) ? Version::kTombstone : Version::kLive);
}

// A stream row leaves as it was: what is shown of it after the delete is the row itself.
Status ChangeBatch::Add(const table::StreamChange& change) {
  changes_.push_back({change.op, change.expired, change.seq});
  if (change.op == table::ChangeOp::kInsert) {
    KALAM_TRY(AddVersion(change.row(), Version::kLive));
    AddNothing();
    return {};
  }
  KALAM_TRY(AddVersion(change.row(), Version::kTombstone));
  return AddVersion(change.row(), Version::kLive);
}

Status ChangeBatch::AddVersion(std::string_view row, Version version) {
  if (rows_used_ == rows_.size()) rows_.emplace_back();
  std::string& bytes = rows_[rows_used_++];
  KALAM_TRY_ASSIGN(const std::string_view current, CurrentRow(*table_, row, bytes));
  // Of an older version of the table it was written anew there, else it is the log's.
  if (current.data() != bytes.data()) bytes.assign(current);
  bytes_ += bytes.size();
  KALAM_TRY(RowView::Check(table_->layout, bytes));
  versions_.push_back(version);
  const RowView view(table_->layout, bytes);
  for (std::size_t i = 0; i < table_->columns.size(); ++i) cells_.push_back(view.column(i));
  if (table_->has_system_columns()) {
    cells_.push_back(Datum::Int(view.updated()));
    cells_.push_back(Datum::Bool(view.deleted()));
  }
  cells_.push_back(Datum::Int(static_cast<std::int64_t>(view.seq().value())));
  // NOW() in a live query is the time of the row's last write: whether a version matches never changes, so that
  // resuming gives what was given.
  cells_.push_back(Datum::Int(view.updated()));
  return {};
}

void ChangeBatch::AddNothing() {
  versions_.push_back(Version::kNone);
  cells_.resize(cells_.size() + width_);
}

const duck::RowChunk& ChangeBatch::chunk() {
  if (chunk_filled_) return *chunk_;
  if (!chunk_) {
    std::vector<DataType> types;
    for (const ColumnDef& column : table_->columns) types.push_back(column.type);
    if (table_->has_system_columns()) {
      types.push_back(DataType::kTimestamp);
      types.push_back(DataType::kBoolean);
    }
    types.push_back(DataType::kBigInt);
    types.push_back(DataType::kTimestamp);
    chunk_.emplace(std::move(types));
  }
  chunk_->Clear();
  for (std::uint32_t version = 0; version < version_count(); ++version) chunk_->Append(cells(version));
  chunk_filled_ = true;
  return *chunk_;
}

}  // namespace kalam::live
