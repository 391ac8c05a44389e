#include "row_sinks.h"
#include "write_statement.h"

namespace kalam::exec {
namespace {

using auth::Action;

// Computes the rows, writes them, and starts again if one of them changed in between.
Status RunChange(const duck::StatementText& text, Action action, StatementContext& context) {
  const bool remove = action == Action::kDelete;
  Turnstile::Pass pass;
  for (bool lost = false; !lost || std::chrono::steady_clock::now() < context.deadline; lost = true) {
    KALAM_TRY_ASSIGN(auto statement, context.services.engine.Parse(text));
    KALAM_TRY_ASSIGN(const TableDefPtr table, FindTarget(statement.target(), action, context));
    if (table->kind == TableKind::kStream && !remove) {
      return Error(ErrorCode::kUnsupported, "UPDATE is not supported on STREAM tables");
    }
    std::vector<std::size_t> targets;
    if (!remove) {
      KALAM_TRY_ASSIGN(targets, TargetColumns(*table, statement.columns(), context));
    }
    auto returning = statement.TakeReturning();

    context.turnstile.Enter(table->id, lost, pass);
    const auto snapshot = context.WriteSnapshot();
    auto resolver = WriteResolver(context, snapshot, StatementResolver::DeletedRows::kNever);
    query::RowBatch batch(context.options.limits.statement_memory);
    const query::RowContext rows = context.row_context();
    ChangeSink sink(remove ? ChangeSink::Kind::kDelete : ChangeSink::Kind::kUpdate, *table, targets, rows, batch);
    const auto names = NamesOf(*table);
    const auto types = TypesOf(*table, targets);
    const auto query = context.query_context(resolver);
    const Status computed =
        remove ? context.services.engine.DeleteRows(std::move(statement), query, names, true, sink)
               : context.services.engine.UpdateRows(std::move(statement), query, names, types, sink);
    if (!computed.ok()) {
      // The rows may have come from a newer definition than the names: then the failure says nothing.
      if (context.transaction || IsCurrent(*table, context)) return computed;
      continue;
    }
    KALAM_TRY(ShowWritten(table, batch, sink.affected(),
                          RowsMessage(sink.affected(), remove ? "deleted" : "updated"), std::move(returning), snapshot,
                          context));
    Status written = Write(table, batch, context);
    if (written.ok()) return {};
    context.response.DropLastResult();
    if (written.error().code() != ErrorCode::kConflict || context.transaction) return written;
    context.services.catalog.AwaitAlter(table->id);
  }
  return GaveUp();
}

}  // namespace

Status RunInsert(duck::ParsedStatement statement, const duck::StatementText& text, StatementContext& context) {
  KALAM_TRY_ASSIGN(const TableDefPtr table, FindTarget(statement.target(), Action::kInsert, context));
  KALAM_TRY_ASSIGN(auto targets, TargetColumns(*table, statement.columns(), context));
  auto returning = statement.TakeReturning();
  const bool upsert = statement.conflict_action() != duck::ConflictAction::kNone;
  const auto snapshot = context.WriteSnapshot();
  query::RowBatch batch(context.options.limits.statement_memory);
  const query::RowContext rows = context.row_context();
  if (statement.default_values()) {
    KALAM_TRY(batch.AddInsert(
        *table, std::vector<query::CellInput>(table->columns.size(), {Datum::Null(), true}), rows));
  } else {
    if (statement.columns().empty()) {
      for (std::size_t i = 0; i < table->columns.size(); ++i) targets.push_back(i);
    }
    auto resolver = WriteResolver(context, snapshot, StatementResolver::DeletedRows::kOnRequest);
    InsertSink sink(*table, targets, rows, batch);
    KALAM_TRY(context.services.engine.InsertRows(std::move(statement), context.query_context(resolver),
                                                 TypesOf(*table, targets), sink));
  }
  if (upsert) return RunUpsert(text.sql, table, batch, context);
  KALAM_TRY(ShowWritten(table, batch, batch.size(), RowsMessage(batch.size(), "inserted"), std::move(returning),
                        snapshot, context));
  Status written = Write(table, batch, context);
  if (!written.ok()) context.response.DropLastResult();
  return written;
}

Status RunUpdate(const duck::StatementText& text, StatementContext& context) {
  return RunChange(text, Action::kUpdate, context);
}

Status RunDelete(const duck::StatementText& text, StatementContext& context) {
  return RunChange(text, Action::kDelete, context);
}

}  // namespace kalam::exec
