#include "query/row_batch.h"

#include "model/generated_ids.h"
#include "model/key_codec.h"
#include "model/row_codec.h"

namespace kalam::query {

Error ColumnError(const ColumnDef& column, const Error& error) {
  return Error(error.code(), "column '" + column.name + "': " + error.message());
}

Error NotNullViolation(const ColumnDef& column) {
  return Error(ErrorCode::kConstraint, "NOT NULL violation: column '" + column.name + "' cannot be null");
}

void RowBatch::Clear() {
  bytes_.clear();
  pending_.clear();
  changes_.clear();
}

Datum DefaultValue(const ColumnDef& column, const RowContext& context, std::string& scratch) {
  if (!column.default_expr) return Datum::Null();
  if (!column.default_expr->function) return column.default_expr->literal.view();
  return FunctionValue(*column.default_expr->function, context, scratch);
}

Datum FunctionValue(DefaultFunction function, const RowContext& context, std::string& scratch) {
  switch (function) {
    case DefaultFunction::kNow: return Datum::Int(context.now);
    case DefaultFunction::kSnowflakeId: return Datum::Int(static_cast<std::int64_t>(context.next_id().value()));
    case DefaultFunction::kUuidV7: scratch = MakeUuidV7(context.now); break;
    case DefaultFunction::kUlid: scratch = MakeUlid(context.now); break;
    case DefaultFunction::kCurrentUser: return Datum::Text(context.current_user);
  }
  return Datum::Text(scratch);
}

Status RowBatch::Convert(const TableDef& table, std::span<const CellInput> cells, const RowContext& context) {
  row_.resize(cells.size());
  if (scratch_.size() < cells.size()) scratch_.resize(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const ColumnDef& column = table.columns[i];
    auto value = cells[i].is_default ? Result<Datum>(DefaultValue(column, context, scratch_[i]))
                 : cells[i].function ? Result<Datum>(FunctionValue(*cells[i].function, context, scratch_[i]))
                                     : ConvertDatum(cells[i].datum, column.type, scratch_[i]);
    if (!value.ok()) {
      const Error error = ColumnError(column, value.error());
      return cells[i].is_parameter ? Error(ErrorCode::kParameterType, error.message()) : error;
    }
    if (value->is_null() && (!column.nullable || column.primary_key)) return NotNullViolation(column);
    row_[i] = *value;
  }
  const Datum& key = row_[table.primary_key];
  if (key.kind() == Datum::Kind::kText && key.text().size() > kMaxPrimaryKeyBytes) {
    return Error(ErrorCode::kConstraint, "primary key '" + table.primary_key_column().name +
                                             "' is longer than " + std::to_string(kMaxPrimaryKeyBytes) + " bytes");
  }
  return {};
}

Status RowBatch::Finish(Pending pending) {
  pending.row_end = bytes_.size();
  if (bytes_.size() > max_bytes_) {
    return Error(ErrorCode::kLimitExceeded, "ERROR: statement needs more memory than limits.statement_memory allows");
  }
  pending_.push_back(pending);
  return {};
}

Status RowBatch::Add(table::ChangeOp op, const TableDef& table, std::span<const Datum> row, Seq expected,
                     TimestampMicros now) {
  Pending pending{op, bytes_.size(), 0, 0, expected};
  AppendPrimaryKey(bytes_, row[table.primary_key]);
  pending.row_begin = bytes_.size();
  EncodeRow(table.layout, table.schema_version, now, op == table::ChangeOp::kDelete, row, bytes_);
  return Finish(pending);
}

Status RowBatch::AddEncoded(const table::RowChange& change) {
  Pending pending{change.op, bytes_.size(), 0, 0, change.expected};
  bytes_ += change.key;
  pending.row_begin = bytes_.size();
  bytes_ += change.row;
  return Finish(pending);
}

Status RowBatch::AddInsert(const TableDef& table, std::span<const CellInput> cells, const RowContext& context) {
  KALAM_TRY(Convert(table, cells, context));
  return Add(table::ChangeOp::kInsert, table, row_, Seq(), context.now);
}

Status RowBatch::AddUpdate(const TableDef& table, std::span<const Datum> old, Seq old_seq,
                           std::span<const CellInput> cells, const RowContext& context) {
  KALAM_TRY(Convert(table, cells, context));
  if (row_[table.primary_key] == old[table.primary_key]) {
    return Add(table::ChangeOp::kUpdate, table, row_, old_seq, context.now);
  }
  KALAM_TRY(Add(table::ChangeOp::kDelete, table, old, old_seq, context.now));
  return Add(table::ChangeOp::kInsert, table, row_, Seq(), context.now);
}

Status RowBatch::AddDelete(const TableDef& table, std::span<const Datum> old, Seq old_seq, TimestampMicros now) {
  return Add(table::ChangeOp::kDelete, table, old, old_seq, now);
}

std::span<const table::RowChange> RowBatch::changes() {
  // Only now: bytes_ has moved while it grew.
  changes_.clear();
  changes_.reserve(pending_.size());
  const std::string_view bytes = bytes_;
  for (const Pending& pending : pending_) {
    changes_.push_back({pending.op, bytes.substr(pending.key_begin, pending.row_begin - pending.key_begin),
                        bytes.substr(pending.row_begin, pending.row_end - pending.row_begin), pending.expected});
  }
  return changes_;
}

}  // namespace kalam::query
