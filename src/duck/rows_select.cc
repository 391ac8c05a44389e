#include "rows_select.h"

#include "model/table_def.h"
#include "types.h"

namespace kalam::duck {
namespace {

using duckdb::ParsedExpression;
using ExpressionPtr = duckdb::unique_ptr<ParsedExpression>;

Error WrongWidth(std::size_t expressions, std::size_t columns) {
  return Error(ErrorCode::kInvalidArgument, expressions > columns
                                                ? "ERROR: INSERT has more expressions than target columns"
                                                : "ERROR: INSERT has more target columns than expressions");
}

// True, and the expression NULL, if it was the keyword DEFAULT.
bool TakeDefault(ExpressionPtr& expression) {
  if (expression->GetExpressionClass() != duckdb::ExpressionClass::DEFAULT) return false;
  expression = duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value());
  return true;
}

duckdb::unique_ptr<duckdb::TableRef> CrossJoin(duckdb::unique_ptr<duckdb::TableRef> left,
                                               duckdb::unique_ptr<duckdb::TableRef> right) {
  auto join = duckdb::make_uniq<duckdb::JoinRef>(duckdb::JoinRefType::CROSS);
  join->left = std::move(left);
  join->right = std::move(right);
  return join;
}

// SELECT * FROM (inner) AS v(c0, c1, ...): a select list that can be wrapped column by column.
SelectPtr WithNumberedColumns(SelectPtr inner, std::size_t columns) {
  auto source = duckdb::make_uniq<duckdb::SubqueryRef>(std::move(inner), "v");
  auto node = duckdb::make_uniq<duckdb::SelectNode>();
  for (std::size_t i = 0; i < columns; ++i) {
    const std::string name = "c" + std::to_string(i);
    source->column_name_alias.push_back(name);
    node->select_list.push_back(duckdb::make_uniq<duckdb::ColumnRefExpression>(name, "v"));
  }
  node->from_table = std::move(source);
  return MakeSelect(std::move(node));
}

bool NeedsCast(const duckdb::LogicalType& source, DataType target) {
  if (source.id() == duckdb::LogicalTypeId::VARCHAR || source.id() == duckdb::LogicalTypeId::SQLNULL) return false;
  return source != ToLogicalType(target);
}

bool IsText(const ParsedExpression& expression) {
  if (expression.GetExpressionClass() != duckdb::ExpressionClass::CONSTANT) return false;
  const auto& value = expression.Cast<duckdb::ConstantExpression>().value;
  return value.IsNull() || value.type().id() == duckdb::LogicalTypeId::VARCHAR ||
         value.type().id() == duckdb::LogicalTypeId::STRING_LITERAL;
}

// The engine wants one type for the same column of all rows of VALUES. Text stands for times, and is converted by us:
// beside it in a column, NOW() and other times become text as well.
void UnifyTimes(ExpressionPtr& value, DataType type) {
  if (type != DataType::kTimestamp && type != DataType::kDate && type != DataType::kTime) return;
  if (IsText(*value) || value->GetExpressionClass() == duckdb::ExpressionClass::PARAMETER) return;
  value = duckdb::make_uniq<duckdb::CastExpression>(ToLogicalType(type), std::move(value));
  value = duckdb::make_uniq<duckdb::CastExpression>(duckdb::LogicalType::VARCHAR, std::move(value));
}

Result<RowsSelect> InsertSelect(duckdb::InsertStatement& insert, std::span<const DataType> types) {
  RowsSelect rows;
  rows.select = std::move(insert.select_statement);
  bool any_default = false;
  if (auto* values = ValuesOf(*rows.select)) {
    for (auto& row : *values) {
      if (row.size() != types.size()) return WrongWidth(row.size(), types.size());
      for (std::size_t i = 0; i < row.size(); ++i) {
        rows.defaults.push_back(TakeDefault(row[i]));
        any_default = any_default || rows.defaults.back();
        if (values->size() > 1) UnifyTimes(row[i], types[i]);
      }
    }
  }
  if (!any_default) rows.defaults.clear();
  rows.select->node = WithCtes(insert.cte_map, std::move(rows.select->node));
  return rows;
}

RowsSelect UpdateSelect(duckdb::UpdateStatement& update, std::span<const std::string> columns) {
  RowsSelect rows;
  auto node = duckdb::make_uniq<duckdb::SelectNode>();
  node->select_list.push_back(TargetColumn(*update.table, std::string(kSeqColumn)));
  for (const auto& column : columns) node->select_list.push_back(TargetColumn(*update.table, column));
  for (auto& expression : update.set_info->expressions) {
    rows.defaults.push_back(TakeDefault(expression));
    rows.parameters.push_back(expression->GetExpressionClass() == duckdb::ExpressionClass::PARAMETER);
    node->select_list.push_back(std::move(expression));
  }
  node->where_clause = std::move(update.set_info->condition);
  node->from_table = std::move(update.table);
  if (update.from_table) node->from_table = CrossJoin(std::move(node->from_table), std::move(update.from_table));
  rows.select = MakeSelect(WithCtes(update.cte_map, std::move(node)));
  return rows;
}

RowsSelect DeleteSelect(duckdb::DeleteStatement& remove, const RowsWanted& wanted) {
  auto node = duckdb::make_uniq<duckdb::SelectNode>();
  if (wanted.with_seq) node->select_list.push_back(TargetColumn(*remove.table, std::string(kSeqColumn)));
  for (const auto& column : wanted.columns) node->select_list.push_back(TargetColumn(*remove.table, column));
  node->where_clause = std::move(remove.condition);
  node->from_table = std::move(remove.table);
  for (auto& other : remove.using_clauses) {
    node->from_table = CrossJoin(std::move(node->from_table), std::move(other));
  }
  return RowsSelect{MakeSelect(WithCtes(remove.cte_map, std::move(node))), {}, {}};
}

}  // namespace

Result<RowsSelect> ToSelect(duckdb::SQLStatement& statement, const RowsWanted& wanted) {
  switch (statement.type) {
    case duckdb::StatementType::INSERT_STATEMENT:
      return InsertSelect(statement.Cast<duckdb::InsertStatement>(), wanted.types);
    case duckdb::StatementType::UPDATE_STATEMENT:
      return UpdateSelect(statement.Cast<duckdb::UpdateStatement>(), wanted.columns);
    case duckdb::StatementType::DELETE_STATEMENT:
      return DeleteSelect(statement.Cast<duckdb::DeleteStatement>(), wanted);
    default: return RowsSelect{MakeSelect(std::move(statement.Cast<duckdb::SelectStatement>().node)), {}, {}};
  }
}

duckdb::vector<duckdb::vector<ExpressionPtr>>* ValuesOf(duckdb::SelectStatement& select) {
  if (select.node->type != duckdb::QueryNodeType::SELECT_NODE) return nullptr;
  auto* from = select.node->Cast<duckdb::SelectNode>().from_table.get();
  if (!from || from->type != duckdb::TableReferenceType::EXPRESSION_LIST) return nullptr;
  return &from->Cast<duckdb::ExpressionListRef>().values;
}

std::optional<Datum> Literal(const ParsedExpression& expression) {
  if (expression.GetExpressionClass() != duckdb::ExpressionClass::CONSTANT) return std::nullopt;
  const auto& value = expression.Cast<duckdb::ConstantExpression>().value;
  if (value.IsNull()) return Datum::Null();
  switch (value.type().id()) {
    case duckdb::LogicalTypeId::BOOLEAN: return Datum::Bool(value.GetValue<bool>());
    case duckdb::LogicalTypeId::INTEGER:
    case duckdb::LogicalTypeId::BIGINT: return Datum::Int(value.GetValue<std::int64_t>());
    case duckdb::LogicalTypeId::DOUBLE:
    case duckdb::LogicalTypeId::DECIMAL: return Datum::Double(value.GetValue<double>());
    case duckdb::LogicalTypeId::VARCHAR:
    case duckdb::LogicalTypeId::STRING_LITERAL: return Datum::Text(duckdb::StringValue::Get(value));
    default: return std::nullopt;
  }
}

Result<bool> CastColumns(SelectPtr& select, const duckdb::vector<duckdb::LogicalType>& sources,
                         std::span<const DataType> types, bool is_insert) {
  const std::size_t columns = sources.size();
  if (columns < types.size() || (is_insert && columns != types.size())) return WrongWidth(columns, types.size());
  const std::size_t first = columns - types.size();
  bool any_cast = false;
  for (std::size_t i = 0; i < types.size(); ++i) any_cast = any_cast || NeedsCast(sources[first + i], types[i]);
  if (!any_cast) return false;
  auto parameters = std::move(select->named_param_map);
  select = WithNumberedColumns(std::move(select), columns);
  select->named_param_map = std::move(parameters);
  auto& list = select->node->Cast<duckdb::SelectNode>().select_list;
  for (std::size_t i = 0; i < types.size(); ++i) {
    auto& item = list[first + i];
    if (!NeedsCast(sources[first + i], types[i])) continue;
    item = duckdb::make_uniq<duckdb::CastExpression>(ToLogicalType(types[i]), std::move(item));
  }
  return true;
}

Status DefaultMarker::OnRow(std::span<const Cell> row) {
  if (defaults_.empty()) return sink_.OnRow(row);
  cells_.assign(row.begin(), row.end());
  const std::size_t marked = is_insert_ ? cells_.size() : defaults_.size();
  for (std::size_t i = 0; i < marked; ++i) {
    const bool is_default = is_insert_ ? defaults_[next_++] : defaults_[i];
    Cell& cell = cells_[cells_.size() - marked + i];
    if (is_default) cell.form = Cell::Form::kDefault;
    if (!parameters_.empty()) cell.is_parameter = parameters_[i];
  }
  return sink_.OnRow(cells_);
}

}  // namespace kalam::duck
