#include <unordered_set>

#include "statement_context.h"

namespace kalam::exec {
namespace {

using auth::Action;

// How often a statement whose rows changed under it is computed anew before it gives up.
constexpr int kMaxAttempts = 50;

Status RefuseClauses(const duck::ParsedStatement& statement) {
  if (statement.has_returning()) return Error(ErrorCode::kUnsupported, "ERROR: RETURNING is not supported yet");
  if (statement.has_on_conflict()) return Error(ErrorCode::kUnsupported, "ERROR: ON CONFLICT is not supported yet");
  return {};
}

Result<TableDefPtr> FindTarget(const duck::TableReference& target, Action action, const StatementContext& context) {
  if (target.parts.size() == 2 && query::SystemTables::IsSystemSchema(target.parts[0])) {
    return Error(ErrorCode::kPermissionDenied,
                 "ERROR: permission denied for relation '" + target.parts[0] + "." + target.parts[1] + "'");
  }
  KALAM_TRY_ASSIGN(TableDefPtr table,
                   FindTable(context.services.catalog, context.options.error_style, target.parts));
  KALAM_TRY(AuthorizeTable(context.who, action, *table));
  return table;
}

// The declared columns that a statement writes, in its order.
Result<std::vector<std::size_t>> TargetColumns(const TableDef& table, const std::vector<std::string>& names,
                                               const StatementContext& context) {
  std::vector<std::size_t> targets;
  for (const std::string& name : names) {
    if (IsSystemColumn(name)) {
      return Error(ErrorCode::kInvalidArgument, "System column '" + name + "' cannot be written (managed by system)");
    }
    const auto column = table.FindColumn(name);
    if (!column) return sql::ColumnDoesNotExist(context.options.error_style, name);
    if (std::find(targets.begin(), targets.end(), *column) != targets.end()) {
      return Error(ErrorCode::kInvalidArgument, "ERROR: column '" + name + "' specified more than once");
    }
    targets.push_back(*column);
  }
  return targets;
}

std::vector<DataType> TypesOf(const TableDef& table, const std::vector<std::size_t>& columns) {
  std::vector<DataType> types;
  for (const std::size_t column : columns) types.push_back(table.columns[column].type);
  return types;
}

std::vector<std::string> NamesOf(const TableDef& table) {
  std::vector<std::string> names;
  for (const ColumnDef& column : table.columns) names.push_back(column.name);
  return names;
}

// A cell of the engine as input for a column. Numbers too wide for a Datum go in as text, and are judged there.
query::CellInput InputOf(const duck::Cell& cell) {
  switch (cell.form) {
    case duck::Cell::Form::kDefault: return {Datum::Null(), true};
    case duck::Cell::Form::kDigits:
    case duck::Cell::Form::kJson: return {Datum::Text(cell.text), false};
    case duck::Cell::Form::kDatum: break;
  }
  return {cell.datum, false};
}

table::WriteReceipt Apply(const TableDef& table, query::RowBatch& batch, StatementContext& context) {
  auto receipt = table.kind == TableKind::kStream
                     ? context.services.streams.Apply(table, batch.changes(), table::Blocking::kAllowed)
                     : context.services.writer.Apply(table, PartitionOf(table, context.who), batch.changes(),
                                                     table::Blocking::kAllowed);
  context.Observe(receipt.durable_after);
  return receipt;
}

class InsertSink final : public duck::RowSink {
 public:
  InsertSink(const TableDef& table, const std::vector<std::size_t>& targets, const query::RowContext& rows,
             query::RowBatch& batch)
      : table_(table), targets_(targets), rows_(rows), batch_(batch),
        cells_(table.columns.size(), query::CellInput{Datum::Null(), true}) {}

  Status OnColumns(std::vector<duck::OutputColumn>) override { return {}; }
  Status OnRow(std::span<const duck::Cell> row) override {
    for (std::size_t i = 0; i < targets_.size(); ++i) cells_[targets_[i]] = InputOf(row[i]);
    return batch_.AddInsert(table_, cells_, rows_);
  }

 private:
  const TableDef& table_;
  const std::vector<std::size_t>& targets_;
  const query::RowContext& rows_;
  query::RowBatch& batch_;
  std::vector<query::CellInput> cells_;
};

// Rows as Engine::UpdateRows and DeleteRows give them: `_seq`, the old columns, the new values. A join may
// name a row several times: the first one counts.
class ChangeSink final : public duck::RowSink {
 public:
  ChangeSink(const TableDef& table, const std::vector<std::size_t>& targets, bool remove,
             const query::RowContext& rows, query::RowBatch& batch)
      : table_(table), targets_(targets), remove_(remove), rows_(rows), batch_(batch) {}

  Status OnColumns(std::vector<duck::OutputColumn>) override { return {}; }
  Status OnRow(std::span<const duck::Cell> row) override {
    const Seq seq(static_cast<std::uint64_t>(row[0].datum.int_value()));
    if (!seen_.insert(seq.value()).second) return {};
    ++affected_;
    const std::size_t columns = table_.columns.size();
    old_.clear();
    for (std::size_t i = 0; i < columns; ++i) old_.push_back(row[1 + i].datum);
    if (remove_) return batch_.AddDelete(table_, old_, seq, rows_.now);
    cells_.clear();
    for (const Datum& datum : old_) cells_.push_back({datum, false});
    for (std::size_t i = 0; i < targets_.size(); ++i) cells_[targets_[i]] = InputOf(row[1 + columns + i]);
    return batch_.AddUpdate(table_, old_, seq, cells_, rows_);
  }

  std::uint64_t affected() const { return affected_; }

 private:
  const TableDef& table_;
  const std::vector<std::size_t>& targets_;
  const bool remove_;
  const query::RowContext& rows_;
  query::RowBatch& batch_;
  std::unordered_set<std::uint64_t> seen_;  // a seq belongs to one version of one row
  std::uint64_t affected_ = 0;
  std::vector<Datum> old_;
  std::vector<query::CellInput> cells_;
};

// Computes the rows, writes them, and starts again if one of them changed in between.
Status RunChange(std::string_view sql, Action action, StatementContext& context) {
  const bool remove = action == Action::kDelete;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    KALAM_TRY_ASSIGN(auto statement, context.services.engine.Parse(sql));
    KALAM_TRY(RefuseClauses(statement));
    KALAM_TRY_ASSIGN(const TableDefPtr table, FindTarget(statement.target(), action, context));
    if (table->kind == TableKind::kStream && !remove) {
      return Error(ErrorCode::kUnsupported, "UPDATE is not supported on STREAM tables");
    }
    std::vector<std::size_t> targets;
    if (!remove) {
      KALAM_TRY_ASSIGN(targets, TargetColumns(*table, statement.columns(), context));
    }
    KALAM_TRY_ASSIGN(auto snapshot, context.Snapshot());
    StatementResolver resolver(context.services, context.options.error_style, context.who, std::move(snapshot),
                               StatementResolver::DeletedRows::kNever);
    query::RowBatch batch(context.options.limits.statement_memory);
    const query::RowContext rows = context.row_context();
    ChangeSink sink(*table, targets, remove, rows, batch);
    const auto names = NamesOf(*table);
    const auto types = TypesOf(*table, targets);
    const auto query = context.query_context(resolver);
    KALAM_TRY(remove ? context.services.engine.DeleteRows(std::move(statement), query, names, true, sink)
                     : context.services.engine.UpdateRows(std::move(statement), query, names, types, sink));
    if (sink.affected() > 0) {
      table::WriteReceipt receipt = Apply(*table, batch, context);
      if (!receipt.status.ok()) {
        if (receipt.status.error().code() == ErrorCode::kConflict) continue;
        return std::move(receipt.status);
      }
    }
    context.response.AddOutcome(static_cast<std::int64_t>(sink.affected()),
                                RowsMessage(sink.affected(), remove ? "deleted" : "updated"), false);
    return {};
  }
  return Error(ErrorCode::kConflict, "ERROR: could not serialize access due to concurrent update");
}

}  // namespace

Status RunInsert(duck::ParsedStatement statement, StatementContext& context) {
  KALAM_TRY(RefuseClauses(statement));
  KALAM_TRY_ASSIGN(const TableDefPtr table, FindTarget(statement.target(), Action::kInsert, context));
  KALAM_TRY_ASSIGN(auto targets, TargetColumns(*table, statement.columns(), context));
  query::RowBatch batch(context.options.limits.statement_memory);
  const query::RowContext rows = context.row_context();
  if (statement.default_values()) {
    KALAM_TRY(batch.AddInsert(
        *table, std::vector<query::CellInput>(table->columns.size(), {Datum::Null(), true}), rows));
  } else {
    if (statement.columns().empty()) {
      for (std::size_t i = 0; i < table->columns.size(); ++i) targets.push_back(i);
    }
    KALAM_TRY_ASSIGN(auto snapshot, context.Snapshot());
    StatementResolver resolver(context.services, context.options.error_style, context.who, std::move(snapshot),
                               StatementResolver::DeletedRows::kOnRequest);
    InsertSink sink(*table, targets, rows, batch);
    KALAM_TRY(context.services.engine.InsertRows(std::move(statement), context.query_context(resolver),
                                                 TypesOf(*table, targets), sink));
  }
  std::uint64_t inserted = 0;
  if (batch.size() > 0) {
    table::WriteReceipt receipt = Apply(*table, batch, context);
    KALAM_TRY(std::move(receipt.status));
    inserted = receipt.affected_rows;
  }
  context.response.AddOutcome(static_cast<std::int64_t>(inserted), RowsMessage(inserted, "inserted"), false);
  return {};
}

Status RunUpdate(std::string_view sql, StatementContext& context) { return RunChange(sql, Action::kUpdate, context); }

Status RunDelete(std::string_view sql, StatementContext& context) { return RunChange(sql, Action::kDelete, context); }

}  // namespace kalam::exec
