#include "row_binder.h"

#include <algorithm>

#include "parsed_statement.h"
#include "result_reader.h"
#include "types.h"

namespace kalam::duck {
namespace {

using duckdb::BoundColumnRefExpression;
using duckdb::Expression;
using duckdb::ExpressionClass;
using duckdb::LogicalOperatorType;
using duckdb::ParsedExpression;
using ExpressionPtr = duckdb::unique_ptr<Expression>;

Error NotPerRow(std::string_view what) {
  return Error(ErrorCode::kUnsupported, "ERROR: " + std::string(what) + " is not supported in a live query");
}

class NowSource final : public ScanSource {
 public:
  explicit NowSource(std::shared_ptr<const ScanSource> source)
      : source_(std::move(source)), hidden_(source_->hidden_columns()) {
    hidden_.push_back({std::string(kNowColumn), DataType::kTimestamp});
  }
  const std::vector<ScanColumn>& columns() const override { return source_->columns(); }
  const std::vector<ScanColumn>& hidden_columns() const override { return hidden_; }
  std::optional<std::size_t> key_column() const override { return std::nullopt; }
  std::optional<std::uint64_t> estimated_rows() const override { return std::nullopt; }
  Result<std::unique_ptr<ScanCursor>> Open(const KeyRange&) const override {
    return Error(ErrorCode::kInternal, "a row query was run as a scan");
  }

 private:
  const std::shared_ptr<const ScanSource> source_;
  std::vector<ScanColumn> hidden_;
};

// Functions that take a lambda: evaluated inside one, an expression can double its value with each level.
bool TakesLambda(const std::string& function) {
  for (const char* name : {"list_transform", "array_transform", "list_apply", "array_apply", "apply", "list_filter",
                           "array_filter", "filter", "list_reduce", "array_reduce", "reduce"}) {
    if (function == name) return true;
  }
  return false;
}

void CollectNames(const ParsedExpression& expression, std::vector<std::string>& names) {
  if (expression.GetExpressionClass() == ExpressionClass::COLUMN_REF) {
    names.push_back(
        duckdb::StringUtil::Lower(expression.Cast<duckdb::ColumnRefExpression>().GetColumnName()));
  }
  duckdb::ParsedExpressionIterator::EnumerateChildren(
      expression, [&](const ParsedExpression& child) { CollectNames(child, names); });
}

std::string_view NameOf(LogicalOperatorType type) {
  switch (type) {
    case LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY: return "an aggregate function";
    case LogicalOperatorType::LOGICAL_WINDOW: return "a window function";
    case LogicalOperatorType::LOGICAL_UNNEST: return "unnest";
    case LogicalOperatorType::LOGICAL_DISTINCT: return "DISTINCT";
    case LogicalOperatorType::LOGICAL_LIMIT: return "LIMIT";
    case LogicalOperatorType::LOGICAL_SAMPLE: return "SAMPLE";
    default: return "a subquery";
  }
}

// The text shows structure, names and constants; the types tell apart constants that look the same.
void AppendKey(const Expression& expression, std::string& key) {
  key += '|';
  key += expression.return_type.ToString();
  duckdb::ExpressionIterator::EnumerateChildren(expression,
                                                [&](const Expression& child) { AppendKey(child, key); });
}

std::string KeyOf(const Expression& expression) {
  std::string key = expression.ToString();
  AppendKey(expression, key);
  return key;
}

// Types whose equality is that of their stored form.
bool HasExactEquality(DataType type) {
  switch (type) {
    case DataType::kBoolean:
    case DataType::kSmallInt:
    case DataType::kInt:
    case DataType::kBigInt:
    case DataType::kText:
    case DataType::kTimestamp:
    case DataType::kDate:
    case DataType::kTime:
    case DataType::kBinary: return true;
    case DataType::kFloat:
    case DataType::kDouble:
    case DataType::kJson: return false;
  }
  return false;
}

std::optional<Value> ExactValue(const Expression& expression, DataType type) {
  if (expression.GetExpressionClass() != ExpressionClass::BOUND_CONSTANT) return std::nullopt;
  const auto& value = expression.Cast<duckdb::BoundConstantExpression>().value;
  if (value.IsNull() || value.type() != ToLogicalType(type)) return std::nullopt;
  switch (type) {
    case DataType::kBoolean: return Value(Datum::Bool(value.GetValue<bool>()));
    case DataType::kText: return Value(Datum::Text(duckdb::StringValue::Get(value)));
    case DataType::kBinary: return Value(Datum::Binary(duckdb::StringValue::Get(value)));
    case DataType::kTimestamp: return Value(Datum::Int(duckdb::TimestampValue::Get(value).value));
    case DataType::kDate: return Value(Datum::Int(duckdb::DateValue::Get(value).days));
    case DataType::kTime: return Value(Datum::Int(duckdb::TimeValue::Get(value).micros));
    default: return Value(Datum::Int(value.GetValue<std::int64_t>()));
  }
}

std::optional<std::size_t> ReferencedColumn(const Expression& expression, std::size_t columns) {
  if (expression.GetExpressionClass() != ExpressionClass::BOUND_REF) return std::nullopt;
  const std::size_t column = expression.Cast<duckdb::BoundReferenceExpression>().index;
  return column < columns ? std::optional(column) : std::nullopt;
}

// What the condition says about one column, if it is all that the condition says.
std::optional<ColumnValues> AsColumnValues(const Expression& condition, const ScanSource& source) {
  const auto& columns = source.columns();
  const auto type = condition.GetExpressionType();
  std::optional<std::size_t> column;
  std::vector<const Expression*> constants;
  if (type == duckdb::ExpressionType::COMPARE_EQUAL) {
    const auto& comparison = condition.Cast<duckdb::BoundComparisonExpression>();
    column = ReferencedColumn(*comparison.left, columns.size());
    constants = {comparison.right.get()};
    if (!column) {
      column = ReferencedColumn(*comparison.right, columns.size());
      constants = {comparison.left.get()};
    }
  } else if (type == duckdb::ExpressionType::COMPARE_IN) {
    const auto& list = condition.Cast<duckdb::BoundOperatorExpression>();
    column = ReferencedColumn(*list.children[0], columns.size());
    for (std::size_t i = 1; i < list.children.size(); ++i) constants.push_back(list.children[i].get());
  }
  if (!column || !HasExactEquality(columns[*column].type)) return std::nullopt;
  ColumnValues found{.column = *column, .values = {}};
  for (const Expression* constant : constants) {
    auto value = ExactValue(*constant, columns[*column].type);
    if (!value) return std::nullopt;
    const bool repeated = std::any_of(found.values.begin(), found.values.end(),
                                      [&](const Value& other) { return other.view() == value->view(); });
    if (!repeated) found.values.push_back(*std::move(value));
  }
  return found;
}

}  // namespace

std::shared_ptr<const ScanSource> WithNowColumn(std::shared_ptr<const ScanSource> source) {
  return std::make_shared<NowSource>(std::move(source));
}

Status RowBinder::Prepare(duckdb::SelectStatement& select) {
  auto& any = *select.node;
  if (!any.cte_map.map.empty()) return NotPerRow("WITH");
  if (any.type != duckdb::QueryNodeType::SELECT_NODE) return NotPerRow("a set operation");
  auto& node = any.Cast<duckdb::SelectNode>();
  if (!node.from_table || node.from_table->type != duckdb::TableReferenceType::BASE_TABLE) {
    if (node.from_table && node.from_table->type == duckdb::TableReferenceType::JOIN) return NotPerRow("a join");
    if (node.from_table && node.from_table->type == duckdb::TableReferenceType::SUBQUERY) {
      return NotPerRow("a subquery");
    }
    return Error(ErrorCode::kUnsupported, "ERROR: a live query selects from one table");
  }
  if (!node.groups.group_expressions.empty()) return NotPerRow("GROUP BY");
  if (node.having) return NotPerRow("HAVING");
  if (node.qualify) return NotPerRow("QUALIFY");
  if (node.sample) return NotPerRow("SAMPLE");
  for (const auto& modifier : node.modifiers) {
    switch (modifier->type) {
      case duckdb::ResultModifierType::ORDER_MODIFIER:
        has_order_ = true;
        for (const auto& order : modifier->Cast<duckdb::OrderModifier>().orders) {
          CollectNames(*order.expression, named_columns_);
        }
        break;
      case duckdb::ResultModifierType::DISTINCT_MODIFIER: return NotPerRow("DISTINCT");
      default: return NotPerRow("LIMIT");
    }
  }
  node.modifiers.clear();
  for (const auto& item : node.select_list) CollectNames(*item, named_columns_);
  if (node.where_clause) CollectNames(*node.where_clause, named_columns_);
  std::sort(named_columns_.begin(), named_columns_.end());
  named_columns_.erase(std::unique(named_columns_.begin(), named_columns_.end()), named_columns_.end());
  table_ = ReferenceTo(*node.from_table);
  return {};
}

Status RowBinder::Settle(ExpressionPtr& expression, const duckdb::LogicalGet& get, const ScanSource& source,
                         bool in_where) const {
  expression->SetAlias("");  // it would stand in the key instead of what it names
  switch (expression->GetExpressionClass()) {
    case ExpressionClass::BOUND_COLUMN_REF: {
      const auto& reference = expression->Cast<BoundColumnRefExpression>();
      if (reference.binding.table_index != get.table_index || reference.depth != 0) return NotPerRow("a subquery");
      duckdb::idx_t column = get.GetColumnIds()[reference.binding.column_index].GetPrimaryIndex();
      const std::size_t visible = source.columns().size();
      if (column >= duckdb::VIRTUAL_COLUMN_START) column = visible + (column - duckdb::VIRTUAL_COLUMN_START);
      if (column >= visible + source.hidden_columns().size()) return NotPerRow("rowid");
      expression = duckdb::make_uniq<duckdb::BoundReferenceExpression>(expression->return_type, column);
      return {};
    }
    case ExpressionClass::BOUND_FUNCTION: {
      const auto& function = expression->Cast<duckdb::BoundFunctionExpression>().function;
      if (TakesLambda(function.name)) return NotPerRow("a lambda function");
      if (function.stability == duckdb::FunctionStability::VOLATILE) {
        return NotPerRow("function " + function.name + (in_where ? " in WHERE" : ""));
      }
      break;
    }
    case ExpressionClass::BOUND_LAMBDA:
    case ExpressionClass::BOUND_LAMBDA_REF: return NotPerRow("a lambda function");
    case ExpressionClass::BOUND_AGGREGATE: return NotPerRow("an aggregate function");
    case ExpressionClass::BOUND_WINDOW: return NotPerRow("a window function");
    case ExpressionClass::BOUND_SUBQUERY: return NotPerRow("a subquery");
    case ExpressionClass::BOUND_UNNEST: return NotPerRow("unnest");
    case ExpressionClass::BOUND_BETWEEN:
    case ExpressionClass::BOUND_CASE:
    case ExpressionClass::BOUND_CAST:
    case ExpressionClass::BOUND_COMPARISON:
    case ExpressionClass::BOUND_CONJUNCTION:
    case ExpressionClass::BOUND_CONSTANT:
    case ExpressionClass::BOUND_OPERATOR:
    case ExpressionClass::BOUND_REF: break;
    default: return NotPerRow("this kind of expression");
  }
  Status settled;
  duckdb::ExpressionIterator::EnumerateChildren(*expression, [&](ExpressionPtr& child) {
    if (settled.ok()) settled = Settle(child, get, source, in_where);
  });
  return settled;
}

void RowBinder::TakeColumnValues(RowPredicate& predicate, const ScanSource& source,
                                 duckdb::vector<ExpressionPtr>& conditions) const {
  for (auto& condition : conditions) {
    auto values = AsColumnValues(*condition, source);
    if (!values) continue;
    predicate.column_values_.push_back(*std::move(values));
    condition = nullptr;
  }
  conditions.erase(std::remove(conditions.begin(), conditions.end(), nullptr), conditions.end());
}

Result<RowQuery> RowBinder::Bind(duckdb::ClientContext& session,
                                 duckdb::unique_ptr<duckdb::SelectStatement> select, const ScanSource& source) {
  std::optional<Result<RowQuery>> bound;
  session.RunFunctionInTransaction([&] { bound.emplace(TakeApart(session, std::move(select), source)); });
  return *std::move(bound);
}

Result<RowQuery> RowBinder::TakeApart(duckdb::ClientContext& session,
                                      duckdb::unique_ptr<duckdb::SelectStatement> select,
                                      const ScanSource& source) {
  select->named_param_map.clear();
  duckdb::Planner planner(session);
  planner.CreatePlan(std::move(select));
  auto& plan = *planner.plan;
  if (plan.type != LogicalOperatorType::LOGICAL_PROJECTION) return NotPerRow(NameOf(plan.type));
  // Of all that the optimizer does only what rewrites expressions: constants are computed, casts move to them.
  duckdb::Optimizer optimizer(*planner.binder, session);
  optimizer.rewriter.VisitOperator(plan);

  auto* below = plan.children[0].get();
  duckdb::vector<ExpressionPtr> conditions;
  if (below->type == LogicalOperatorType::LOGICAL_FILTER) {
    conditions = std::move(below->expressions);
    below = below->children[0].get();
  }
  if (below->type != LogicalOperatorType::LOGICAL_GET) return NotPerRow(NameOf(below->type));
  const auto& get = below->Cast<duckdb::LogicalGet>();

  RowQuery query{.table = std::move(table_),
                 .where = {},
                 .select = RowProjection(),
                 .has_order = has_order_,
                 .named_columns = std::move(named_columns_)};
  std::vector<std::string> keys;
  for (auto& condition : conditions) {
    KALAM_TRY(Settle(condition, get, source, true));
    keys.push_back(KeyOf(*condition));
  }
  // `a AND b` is `b AND a`.
  std::sort(keys.begin(), keys.end());
  for (const auto& key : keys) query.where.key_ += (query.where.key_.empty() ? "" : " AND ") + key;
  TakeColumnValues(query.where, source, conditions);
  if (!conditions.empty()) {
    auto rest = std::make_unique<RowPredicate::Rest>();
    rest->context = context_;
    rest->expression = std::move(conditions[0]);
    for (std::size_t i = 1; i < conditions.size(); ++i) {
      rest->expression = duckdb::make_uniq<duckdb::BoundConjunctionExpression>(
          duckdb::ExpressionType::CONJUNCTION_AND, std::move(rest->expression), std::move(conditions[i]));
    }
    query.where.rest_ = std::move(rest);
  }

  RowProjection& projection = query.select;
  auto list = std::make_unique<RowProjection::List>();
  list->context = context_;
  list->expressions = std::move(plan.expressions);
  std::vector<std::size_t> plain;
  for (std::size_t i = 0; i < list->expressions.size(); ++i) {
    KALAM_TRY(Settle(list->expressions[i], get, source, false));
    const Expression& expression = *list->expressions[i];
    list->types.push_back(expression.return_type);
    projection.key_ += planner.names[i] + '=' + KeyOf(expression) + ';';
    if (const auto column = ReferencedColumn(expression, source.columns().size() + 1)) plain.push_back(*column);
  }
  projection.columns_ = DescribeOutput(planner.names, list->types);
  if (plain.size() == list->expressions.size()) projection.plain_columns_ = std::move(plain);
  projection.list_ = std::move(list);
  return query;
}

}  // namespace kalam::duck
