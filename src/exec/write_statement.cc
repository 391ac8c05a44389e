#include "write_statement.h"

#include <algorithm>

#include "query/table_source.h"
#include "response_sink.h"

namespace kalam::exec {
namespace {

// What the statement leaves: the new rows, or when it only deletes the deleted ones. A moved key is a delete and an
// insert, of which the insert is the row.
std::vector<std::string_view> RowsLeft(query::RowBatch& batch) {
  const auto changes = batch.changes();
  const bool deletes = std::ranges::all_of(
      changes, [](const table::RowChange& change) { return change.op == table::ChangeOp::kDelete; });
  std::vector<std::string_view> rows;
  for (const table::RowChange& change : changes) {
    if (deletes || change.op != table::ChangeOp::kDelete) rows.push_back(change.row);
  }
  return rows;
}

// A list of columns and `*` needs no engine. False when the list is more than that, or names what the engine would
// refuse or rename; nothing is in the answer then.
Result<bool> ShowPlainColumns(const duck::ScanSource& rows, const duck::ParsedStatement& returning,
                              wire::SqlResponseWriter& response, const std::string& message) {
  const auto listed = returning.plain_columns();
  if (!listed) return false;
  const auto& columns = rows.columns();
  std::vector<std::size_t> shown;
  for (const std::string& name : *listed) {
    const std::size_t before = shown.size();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (name == "*" || name == columns[i].name) shown.push_back(i);
    }
    if (shown.size() == before) return false;
  }
  std::vector<wire::ResultColumn> result;
  for (const std::size_t column : shown) {
    const auto same = [&](const wire::ResultColumn& other) { return other.name == columns[column].name; };
    if (std::ranges::any_of(result, same)) return false;
    result.push_back({columns[column].name, columns[column].type});
  }
  const wire::ResultShape shape(std::move(result));
  response.BeginRows(shape);
  KALAM_TRY_ASSIGN(const auto cursor, rows.Open({}));
  while (true) {
    KALAM_TRY_ASSIGN(const bool more, cursor->Next());
    if (!more) break;
    response.BeginRow();
    for (const std::size_t column : shown) response.Cell(cursor->Column(column));
    KALAM_TRY(response.EndRow());
  }
  response.EndRows({.cache_hit = false, .message = message});
  return true;
}

}  // namespace

Error GaveUp() { return Error(ErrorCode::kConflict, "ERROR: could not serialize access due to concurrent update"); }

Result<TableDefPtr> FindTarget(const duck::TableReference& target, auth::Action action,
                               const StatementContext& context) {
  if (target.parts.size() == 2 && query::SystemTables::IsSystemSchema(target.parts[0])) {
    return Error(ErrorCode::kPermissionDenied,
                 "ERROR: permission denied for relation '" + target.parts[0] + "." + target.parts[1] + "'");
  }
  KALAM_TRY_ASSIGN(TableDefPtr table,
                   FindTable(context.services.catalog, context.options.error_style, target.parts));
  KALAM_TRY(AuthorizeTable(context.services.catalog, context.who, action, *table));
  if (context.transaction && table->kind == TableKind::kStream) {
    return Error(ErrorCode::kUnsupported, "ERROR: STREAM table '" + table->name.ToString() +
                                              "' cannot be written inside a transaction");
  }
  return table;
}

bool IsCurrent(const TableDef& table, const StatementContext& context) {
  return context.services.catalog.FindTable(table.name.ns, table.name.table).get() == &table;
}

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

StatementResolver WriteResolver(StatementContext& context, const table::DurableSnapshotPtr& snapshot,
                                StatementResolver::DeletedRows deleted_rows) {
  return StatementResolver(context.services, context.options.error_style, context.who, snapshot, deleted_rows,
                           context.transaction.has_value() ? &*context.transaction : nullptr, context.sql);
}

Status ShowWritten(const TableDefPtr& table, query::RowBatch& batch, std::uint64_t affected, const std::string& message,
                   std::optional<duck::ParsedStatement> returning, const table::DurableSnapshotPtr& snapshot,
                   StatementContext& context) {
  if (!returning) {
    context.response.AddOutcome(static_cast<std::int64_t>(affected), message, context.cache_hit);
    return {};
  }
  KALAM_TRY(AuthorizeTable(context.services.catalog, context.who, auth::Action::kSelect, *table));
  auto rows = query::MakeUnwrittenSource(table, RowsLeft(batch));
  KALAM_TRY_ASSIGN(const bool shown, ShowPlainColumns(*rows, *returning, context.response, message));
  if (shown) return {};
  auto others = WriteResolver(context, snapshot, StatementResolver::DeletedRows::kNever);
  OwnRowsFirst resolver(std::move(rows), others);
  ResponseSink sink(context.response);
  KALAM_TRY(context.services.engine.Select(*std::move(returning), context.query_context(resolver), sink));
  if (context.response.row_count() != static_cast<std::int64_t>(affected)) {
    return Error(ErrorCode::kUnsupported,
                 "ERROR: RETURNING gives one row per written row: no aggregate functions, no unnest");
  }
  context.response.EndRows({.cache_hit = context.cache_hit, .message = message});
  return {};
}

Status Write(const TableDefPtr& table, query::RowBatch& batch, StatementContext& context) {
  if (batch.size() == 0) return {};
  const UserId partition = PartitionOf(*table, context.who);
  if (context.transaction) return context.transaction->Stage(table, partition, batch.changes());
  if (table->kind == TableKind::kStream) {
    return std::move(context.services.streams.Apply(*table, batch.changes(), table::Blocking::kAllowed).status);
  }
  std::optional<table::CommitNote> note;
  if (context.ticket) {
    KALAM_TRY_ASSIGN(note, context.ticket->Note(context.response.results()));
  }
  auto receipt = context.services.writer.Apply(*table, partition, batch.changes(), table::Blocking::kAllowed,
                                               note ? &*note : nullptr);
  context.Observe(receipt.durable_after);
  if (note && receipt.status.ok()) context.ticket->Committed();
  return std::move(receipt.status);
}

}  // namespace kalam::exec
