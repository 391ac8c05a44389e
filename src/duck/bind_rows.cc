#include "engine_impl.h"
#include "row_binder.h"

// What live queries ask of the engine: statements of one table, row by row.
namespace kalam::duck {

Result<RowQuery> Engine::BindRows(ParsedStatement statement, const QueryContext& context) {
  if (statement.kind() != StatementKind::kSelect) {
    return Error(ErrorCode::kInvalidArgument, "ERROR: a live query is a SELECT");
  }
  const std::string& text = statement.impl_->text;
  SelectPtr select(&statement.impl_->statement.release()->Cast<duckdb::SelectStatement>());
  RowBinder binder(impl_->row_context);
  KALAM_TRY(binder.Prepare(*select));

  // Keeps the one source at hand.
  class OneSource final : public Resolver {
   public:
    explicit OneSource(Resolver& resolver) : resolver_(resolver) {}
    Result<std::shared_ptr<const ScanSource>> Resolve(const TableReference& reference) override {
      KALAM_TRY_ASSIGN(source, resolver_.Resolve(reference));
      return WithNowColumn(source);
    }
    std::shared_ptr<const ScanSource> source;

   private:
    Resolver& resolver_;
  } resolver(context.resolver);
  QueryContext query{.resolver = resolver,
                     .params = context.params,
                     .current_user = context.current_user,
                     .now = context.now,
                     .reserve_ids = context.reserve_ids,
                     .advance_id = context.advance_id,
                     .deadline = context.deadline,
                     .cancellation = context.cancellation,
                     .now_per_row = true};
  Walker walker = impl_->MakeWalker(query, query.params, Walker::Parameters::kAsConstants);
  KALAM_TRY(walker.Walk(*select->node));
  KALAM_TRY(walker.CheckParameters());
  std::optional<Result<RowQuery>> bound;
  KALAM_TRY(impl_->WithSession(text, query, walker.TakeSources(), 0, [&](Session& session) -> Status {
    bound.emplace(binder.Bind(*session.connection().context, std::move(select), *WithNowColumn(resolver.source)));
    return {};
  }));
  return *std::move(bound);
}

Status Engine::FirstRows(ParsedStatement statement, const QueryContext& context,
                         std::span<const std::string> columns, std::span<const std::string> order,
                         std::size_t count, RowSink& sink) {
  auto& given = statement.impl_->statement->Cast<duckdb::SelectStatement>().node->Cast<duckdb::SelectNode>();
  auto node = duckdb::make_uniq<duckdb::SelectNode>();
  for (const auto& column : columns) node->select_list.push_back(TargetColumn(*given.from_table, column));
  auto by = duckdb::make_uniq<duckdb::OrderModifier>();
  for (const auto& column : order) {
    by->orders.emplace_back(duckdb::OrderType::DESCENDING, duckdb::OrderByNullType::ORDER_DEFAULT,
                            TargetColumn(*given.from_table, column));
  }
  node->modifiers.push_back(std::move(by));
  auto limit = duckdb::make_uniq<duckdb::LimitModifier>();
  limit->limit = duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value::BIGINT(static_cast<std::int64_t>(count)));
  node->modifiers.push_back(std::move(limit));
  node->where_clause = std::move(given.where_clause);
  node->from_table = std::move(given.from_table);
  auto select = MakeSelect(std::move(node));
  Walker walker = impl_->MakeWalker(context, context.params, Walker::Parameters::kAsConstants);
  KALAM_TRY(walker.Walk(*select->node));
  return impl_->WithSession(statement.impl_->text, context, walker.TakeSources(), 0, [&](Session& session) {
    auto pending = session.connection().context->PendingQuery(std::move(select), true);
    return impl_->Deliver(std::move(pending), statement.impl_->text, sink);
  });
}

}  // namespace kalam::duck
