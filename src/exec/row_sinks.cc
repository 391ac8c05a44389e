#include "row_sinks.h"

namespace kalam::exec {
query::CellInput InputOf(const duck::Cell& cell) {
  switch (cell.form) {
    case duck::Cell::Form::kDefault: return {Datum::Null(), true};
    case duck::Cell::Form::kDigits:
    case duck::Cell::Form::kJson: return {Datum::Text(cell.text), false};
    case duck::Cell::Form::kDatum: break;
  }
  return {cell.datum, false, cell.is_parameter};
}

Status InsertSink::OnRow(std::span<const duck::Cell> row) {
  for (std::size_t i = 0; i < targets_.size(); ++i) cells_[targets_[i]] = InputOf(row[i]);
  return batch_.AddInsert(table_, cells_, rows_);
}

Status ChangeSink::OnRow(std::span<const duck::Cell> row) {
  const Seq seq(static_cast<std::uint64_t>(row[0].datum.int_value()));
  if (!seen_.insert(seq.value()).second) return {};
  ++affected_;
  const std::size_t columns = table_.columns.size();
  old_.clear();
  for (std::size_t i = 0; i < columns; ++i) old_.push_back(row[1 + i].datum);
  if (kind_ == Kind::kDelete) return batch_.AddDelete(table_, old_, seq, rows_.now);
  cells_.clear();
  for (const Datum& datum : old_) cells_.push_back({datum, false});
  for (std::size_t i = 0; i < targets_.size(); ++i) cells_[targets_[i]] = InputOf(row[1 + columns + i]);
  const std::size_t before = batch_.size();
  KALAM_TRY(batch_.AddUpdate(table_, old_, seq, cells_, rows_));
  if (kind_ == Kind::kConflictUpdate && batch_.size() != before + 1) {
    return Error(ErrorCode::kUnsupported, "ERROR: ON CONFLICT DO UPDATE cannot change the primary key");
  }
  return {};
}

}  // namespace kalam::exec
