#include "context_values.h"
#include "engine_impl.h"
#include "parameter_value.h"
#include "types.h"

#include <charconv>

// Making plans, keeping them, and running statements from them.
namespace kalam::duck {
namespace {

using duckdb::ParsedExpression;
using ParameterValues = duckdb::case_insensitive_map_t<duckdb::BoundParameterData>;

// The number of `1_1`, `2_3`, ...; nullopt for the walker's hidden parameters.
std::optional<std::size_t> NumberOf(const std::string& name) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || number == 0 || *end != '_') return std::nullopt;
  return number;
}

duckdb::Value HiddenValue(const std::string& name, const QueryContext& query) {
  if (name.starts_with(Walker::kUser)) return UserValue(query);
  if (name.starts_with(Walker::kNow)) return NowValue(query);
  if (name.starts_with(Walker::kDate)) return DateValue(query);
  return TimeValue(query);
}

// A constant, or a parameter as the walker keeps it: cast to the type of its value.
std::optional<Plan::Simple> SimpleCell(const ParsedExpression& expression) {
  if (const auto literal = Literal(expression)) return Plan::Simple{Value(*literal), std::nullopt};
  if (expression.GetExpressionClass() != duckdb::ExpressionClass::CAST) return std::nullopt;
  const auto& child = *expression.Cast<duckdb::CastExpression>().child;
  if (child.GetExpressionClass() != duckdb::ExpressionClass::PARAMETER) return std::nullopt;
  const auto number = NumberOf(child.Cast<duckdb::ParameterExpression>().identifier);
  if (!number) return std::nullopt;
  return Plan::Simple{{}, *number - 1};
}

// Empty unless every cell of INSERT ... VALUES is simple.
std::vector<std::vector<Plan::Simple>> SimpleRows(StatementKind kind,
                                                  duckdb::SelectStatement& select) {
  auto* values = kind == StatementKind::kInsert ? ValuesOf(select) : nullptr;
  if (!values) return {};
  std::vector<std::vector<Plan::Simple>> rows;
  for (const auto& row : *values) {
    auto& cells = rows.emplace_back();
    for (const auto& value : row) {
      auto cell = SimpleCell(*value);
      if (!cell) return {};
      cells.push_back(*std::move(cell));
    }
  }
  return rows;
}

// The first `of_request` parameters are the request's own.
Status DeliverRows(const Plan& plan, std::span<const Datum> params, std::size_t of_request,
                   RowSink& sink) {
  std::vector<Cell> cells(plan.rows.front().size());
  KALAM_TRY(sink.OnColumns(std::vector<OutputColumn>(cells.size())));
  for (const auto& row : plan.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const auto& number = row[i].parameter;
      cells[i] = Cell{Cell::Form::kDatum,
                      number ? params[*number] : row[i].constant.view(),
                      {},
                      number && *number < of_request};
    }
    KALAM_TRY(sink.OnRow(cells));
  }
  return {};
}

// A plan that is kept may hold so much: more than any text that has a plan could write.
constexpr std::uint64_t kMaxConstantBytes = 64u << 10;

// What a plan needs so that running it does not plan again.
bool IsReusable(const duckdb::PreparedStatement& prepared) {
  const auto& properties = prepared.data->properties;
  return properties.bound_all_parameters && !properties.always_require_rebind;
}

}  // namespace

std::string VariantKey(const std::string& key, const std::vector<std::size_t>& depends_on,
                       std::span<const Datum> params) {
  std::string variant = key;
  for (const std::size_t index : depends_on) {
    const std::string value = ToDuckValue(params[index]).ToString();
    variant += '\0';
    variant += std::to_string(value.size()) + ":" + value;
  }
  return variant;
}

void Engine::Impl::KeepPlan(const std::string& key, std::span<const Datum> params, PlanPtr plan) {
  if (plan->depends_on.empty()) return cache.Insert(key, std::move(plan));
  auto fork = std::make_shared<Plan>();
  fork->kind = plan->kind;
  fork->target = plan->target;
  fork->columns = plan->columns;
  fork->depends_on = plan->depends_on;
  cache.Insert(key, std::move(fork));
  const std::string variant = VariantKey(key, plan->depends_on, params);
  cache.Insert(variant, std::move(plan));
}

Status Engine::Impl::RunRows(ParsedStatement::Impl& statement, const QueryContext& query,
                             const RowsWanted& wanted, RowSink& sink) {
  // RETURNING and the like: the statement they belong to has its own say.
  if (statement.is_clause) return RunWithConstants(statement, query, wanted, sink);
  if (query.cache_hit) *query.cache_hit = false;
  if (statement.key.empty()) {
    cache.Count(false);
    return RunWithConstants(statement, query, wanted, sink);
  }
  std::vector<Datum> params(query.params.begin(), query.params.end());
  for (const Value& literal : statement.literals) params.push_back(literal.view());

  PlanPtr plan = std::exchange(statement.plan, nullptr);
  if (plan && plan->is_fork())
    plan = cache.Find(VariantKey(statement.key, plan->depends_on, params));
  if (plan && !plan->Computes(wanted)) plan = nullptr;
  bool has_plan = plan != nullptr;
  if (plan) {
    KALAM_TRY_ASSIGN(const PlanRun run, RunPlan(*plan, statement.text, query, params, sink));
    cache.Count(run == PlanRun::kDone);
    if (query.cache_hit) *query.cache_hit = run == PlanRun::kDone;
    if (run == PlanRun::kDone) return {};
    if (run == PlanRun::kStale) plan = nullptr;
  } else {
    cache.Count(false);
  }
  if (!plan) {
    if (!statement.statement) KALAM_TRY(ParseTree(statement.normalised, statement));
    auto made = MakePlan(statement, query, params, wanted);
    has_plan = made.has_value();
    if (made) {
      plan = std::make_shared<const Plan>(*std::move(made));
      KeepPlan(statement.key, params, plan);
      KALAM_TRY_ASSIGN(const PlanRun run, RunPlan(*plan, statement.text, query, params, sink));
      if (run == PlanRun::kDone) return {};
    }
  }
  KALAM_TRY(ParseTree(statement.text, statement));
  KALAM_TRY(RunWithConstants(statement, query, wanted, sink));
  if (!has_plan) {
    auto mark = std::make_shared<Plan>();
    mark->needs_constants = true;
    cache.Insert(statement.key, std::move(mark));
  }
  return {};
}

std::optional<Plan> Engine::Impl::MakePlan(ParsedStatement::Impl& statement,
                                           const QueryContext& query, std::span<const Datum> params,
                                           const RowsWanted& wanted) {
  const auto names = statement.statement->named_param_map;
  auto rows = ToSelect(*statement.statement, wanted);
  statement.statement.reset();
  if (!rows.ok()) return std::nullopt;
  Walker walker = MakeWalker(query, params, Walker::Parameters::kKept);
  if (!walker.Walk(*rows->select->node).ok()) return std::nullopt;
  if (statement.kind != StatementKind::kSelect) walker.NoteParameters(names);
  if (!walker.CheckParameters().ok() || walker.needs_values()) return std::nullopt;

  Plan plan;
  plan.id = next_plan_id++;
  plan.kind = statement.kind;
  plan.target = statement.target;
  plan.columns = statement.columns;
  plan.wanted_columns.assign(wanted.columns.begin(), wanted.columns.end());
  plan.wanted_types.assign(wanted.types.begin(), wanted.types.end());
  plan.with_seq = wanted.with_seq;
  plan.text_bytes = statement.normalised.size();
  plan.defaults = std::move(rows->defaults);
  plan.parameter_columns = std::move(rows->parameters);
  plan.depends_on = walker.shaping();
  auto references = walker.TakeReferences();
  Sources sources = walker.TakeSources();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const auto stamp = sources[i]->stamp();
    if (!stamp) return std::nullopt;
    plan.tables.push_back({std::move(references[i]), *stamp});
  }
  plan.rows = SimpleRows(plan.kind, *rows->select);
  if (!plan.rows.empty()) return plan;

  auto& named = rows->select->named_param_map;
  named.clear();
  for (const std::string& name : walker.kept()) named.emplace(name, named.size() + 1);
  const Status made =
      WithSession(statement.text, query, std::move(sources), 0, [&](Session& session) -> Status {
        const auto prepare = [&] { return session.connection().Prepare(rows->select->Copy()); };
        auto prepared = prepare();
        if (prepared->HasError()) return Error(ErrorCode::kInvalidArgument, prepared->GetError());
        if (!wanted.types.empty()) {
          KALAM_TRY_ASSIGN(const bool cast,
                           CastColumns(rows->select, prepared->GetTypes(), wanted.types,
                                       plan.kind == StatementKind::kInsert));
          if (cast) prepared = prepare();
          if (prepared->HasError()) return Error(ErrorCode::kInvalidArgument, prepared->GetError());
        }
        if (!IsReusable(*prepared)) return Error(ErrorCode::kUnsupported, "planned at each run");
        if (QueryScope::Of(*session.connection().context).constant_bytes > kMaxConstantBytes) {
          return Error(ErrorCode::kUnsupported, "too large to be kept");
        }
        for (const std::string& name : walker.kept()) {
          const auto bound = prepared->data->value_map.find(name);
          const bool used = bound != prepared->data->value_map.end();
          plan.parameters.push_back(
              {name, used ? bound->second->return_type : duckdb::LogicalType::SQLNULL});
        }
        plan.select = std::move(rows->select);
        session.Keep(plan, std::move(prepared));
        return {};
      });
  if (!made.ok()) return std::nullopt;
  return plan;
}

Result<Engine::Impl::PlanRun> Engine::Impl::RunPlan(const Plan& plan, const std::string& text,
                                                    const QueryContext& query,
                                                    std::span<const Datum> params, RowSink& sink) {
  Sources sources;
  for (const Plan::Table& table : plan.tables) {
    KALAM_TRY_ASSIGN(auto source, query.resolver.Resolve(table.reference));
    if (source->stamp() != table.stamp) return PlanRun::kStale;
    sources.push_back(std::move(source));
  }
  DefaultMarker marked(sink, plan.kind, plan.defaults, plan.parameter_columns);
  if (!plan.rows.empty()) {
    KALAM_TRY(DeliverRows(plan, params, query.params.size(), marked));
    return PlanRun::kDone;
  }

  ParameterValues values;
  for (const Plan::Parameter& parameter : plan.parameters) {
    const auto number = NumberOf(parameter.name);
    if (parameter.type.id() == duckdb::LogicalTypeId::SQLNULL) {
      values.emplace(parameter.name, duckdb::BoundParameterData(duckdb::Value()));
      continue;
    }
    if (!number) {
      values.emplace(parameter.name, duckdb::BoundParameterData(HiddenValue(parameter.name, query),
                                                                parameter.type));
      continue;
    }
    auto value =
        ParameterValueOf(params[*number - 1], parameter.type, *number <= query.params.size());
    if (!value.ok()) return std::move(value).error().Context("parameter $" + std::to_string(*number));
    if (!*value) return PlanRun::kUnfit;
    values.emplace(parameter.name, duckdb::BoundParameterData(**std::move(value), parameter.type));
  }
  KALAM_TRY(WithSession(text, query, std::move(sources), plan.id, [&](Session& session) -> Status {
    auto* prepared = session.Find(plan.id);
    if (!prepared) {
      auto made = session.connection().Prepare(plan.select->Copy());
      if (made->HasError()) return ToError(made->error, options.texts, text);
      prepared = made.get();
      session.Keep(plan, std::move(made));
    }
    return Deliver(prepared->PendingQuery(values, true), text, marked);
  }));
  return PlanRun::kDone;
}

}  // namespace kalam::duck
