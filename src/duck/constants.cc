#include "engine_impl.h"

// One run of a statement with constants in place of its parameters: what has no plan, and plans' fallback.
namespace kalam::duck {
namespace {

bool AllLiteral(const duckdb::vector<duckdb::vector<duckdb::unique_ptr<duckdb::ParsedExpression>>>& values) {
  for (const auto& row : values) {
    for (const auto& value : row) {
      if (!Literal(*value)) return false;
    }
  }
  return true;
}

}  // namespace

Status Engine::Impl::RunWithConstants(ParsedStatement::Impl& statement, const QueryContext& query,
                                      const RowsWanted& wanted, RowSink& sink) {
  const StatementKind kind = statement.kind;
  const auto parameters = statement.statement->named_param_map;
  KALAM_TRY_ASSIGN(RowsSelect rows, ToSelect(*statement.statement, wanted));
  Walker walker = MakeWalker(query, query.params, Walker::Parameters::kAsConstants);
  KALAM_TRY(walker.Walk(*rows.select->node));
  if (kind != StatementKind::kSelect || statement.is_clause) walker.NoteParameters(parameters);
  KALAM_TRY(walker.CheckParameters());
  rows.select->named_param_map.clear();

  DefaultMarker marked(sink, kind, rows.defaults, rows.parameters);
  if (auto* values = kind == StatementKind::kInsert ? ValuesOf(*rows.select) : nullptr; values && AllLiteral(*values)) {
    KALAM_TRY(marked.OnColumns(std::vector<OutputColumn>(wanted.types.size())));
    std::vector<Cell> cells(wanted.types.size());
    for (const auto& row : *values) {
      for (std::size_t i = 0; i < row.size(); ++i) cells[i] = Cell{Cell::Form::kDatum, *Literal(*row[i]), {}};
      KALAM_TRY(marked.OnRow(cells));
    }
    return {};
  }
  return WithSession(statement.text, query, walker.TakeSources(), 0, [&](Session& session) -> Status {
    auto& connection = session.connection();
    if (!wanted.types.empty()) {
      auto prepared = connection.Prepare(rows.select->Copy());
      if (prepared->HasError()) return ToError(prepared->error, options.texts, statement.text);
      KALAM_TRY(CastColumns(rows.select, prepared->GetTypes(), wanted.types, kind == StatementKind::kInsert));
    }
    return Deliver(connection.context->PendingQuery(std::move(rows.select), true), statement.text, marked);
  });
}

Status Engine::Impl::Explain(ParsedStatement::Impl& statement, const QueryContext& query, RowSink& sink) {
  auto tree = std::move(statement.statement);
  auto& explained = *tree->Cast<duckdb::ExplainStatement>().stmt;
  if (explained.type != duckdb::StatementType::SELECT_STATEMENT) {
    return Error(ErrorCode::kUnsupported, "ERROR: EXPLAIN is for SELECT");
  }
  Walker walker = MakeWalker(query, query.params, Walker::Parameters::kAsConstants);
  KALAM_TRY(walker.Walk(*explained.Cast<duckdb::SelectStatement>().node));
  KALAM_TRY(walker.CheckParameters());
  tree->named_param_map.clear();
  explained.named_param_map.clear();
  return WithSession(statement.text, query, walker.TakeSources(), 0, [&](Session& session) {
    return Deliver(session.connection().context->PendingQuery(std::move(tree), true), statement.text, sink);
  });
}

}  // namespace kalam::duck
