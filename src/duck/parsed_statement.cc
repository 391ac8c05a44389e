#include "parsed_statement.h"

namespace kalam::duck {
namespace {

using duckdb::ParsedExpression;
using ExpressionPtr = duckdb::unique_ptr<ParsedExpression>;

constexpr std::string_view kExcluded = "excluded";

// The table that an INSERT writes to, as a FROM clause would name it.
duckdb::unique_ptr<duckdb::TableRef> TargetOf(const duckdb::InsertStatement& insert) {
  if (insert.table_ref) return insert.table_ref->Copy();
  auto table = duckdb::make_uniq<duckdb::BaseTableRef>();
  table->catalog_name = insert.catalog;
  table->schema_name = insert.schema;
  table->table_name = insert.table;
  return table;
}

duckdb::vector<ExpressionPtr>* ReturningOf(duckdb::SQLStatement& statement) {
  switch (statement.type) {
    case duckdb::StatementType::INSERT_STATEMENT: return &statement.Cast<duckdb::InsertStatement>().returning_list;
    case duckdb::StatementType::UPDATE_STATEMENT: return &statement.Cast<duckdb::UpdateStatement>().returning_list;
    case duckdb::StatementType::DELETE_STATEMENT: return &statement.Cast<duckdb::DeleteStatement>().returning_list;
    default: return nullptr;
  }
}

// `excluded.c` becomes the column that the proposal's has beside the target's own, in sub-queries too.
void RenameExcluded(ParsedExpression& expression) {
  const auto rename = [](ExpressionPtr& child) { RenameExcluded(*child); };
  if (expression.GetExpressionClass() == duckdb::ExpressionClass::COLUMN_REF) {
    auto& names = expression.Cast<duckdb::ColumnRefExpression>().column_names;
    if (names.size() == 2 && duckdb::StringUtil::Lower(names[0]) == kExcluded) {
      names = {ExcludedColumn(duckdb::StringUtil::Lower(names[1]))};
    }
    return;
  }
  if (expression.GetExpressionClass() == duckdb::ExpressionClass::SUBQUERY) {
    auto& subquery = expression.Cast<duckdb::SubqueryExpression>();
    duckdb::ParsedExpressionIterator::EnumerateQueryNodeChildren(*subquery.subquery->node, rename);
  }
  duckdb::ParsedExpressionIterator::EnumerateChildren(expression, rename);
}

// Whether `names`, but for the last, name the table: by its alias, else by the end of its name.
bool Qualifies(const duckdb::vector<std::string>& names, const duckdb::TableRef& table) {
  const auto whole = QualifierOf(table);
  const std::size_t given = names.size() - 1;
  if (given > whole.size()) return false;
  for (std::size_t i = 0; i < given; ++i) {
    if (duckdb::StringUtil::Lower(names[i]) != duckdb::StringUtil::Lower(whole[whole.size() - given + i])) return false;
  }
  return true;
}

}  // namespace

duckdb::unique_ptr<duckdb::QueryNode> WithCtes(const duckdb::CommonTableExpressionMap& ctes,
                                               duckdb::unique_ptr<duckdb::QueryNode> root) {
  std::vector<duckdb::unique_ptr<duckdb::CTENode>> nodes;
  for (const auto& [name, info] : ctes.map) {
    auto node = duckdb::make_uniq<duckdb::CTENode>();
    node->ctename = name;
    node->query = info->query->node->Copy();
    node->aliases = info->aliases;
    node->materialized = info->materialized;
    node->cte_map = ctes.Copy();
    nodes.push_back(std::move(node));
  }
  // The first is the outermost: those after it may use it.
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    (*node)->child = std::move(root);
    root = std::move(*node);
  }
  return root;
}

SelectPtr MakeSelect(duckdb::unique_ptr<duckdb::QueryNode> node) {
  auto select = duckdb::make_uniq<duckdb::SelectStatement>();
  select->node = std::move(node);
  return select;
}

TableReference ReferenceTo(const std::string& catalog, const std::string& schema, const std::string& table) {
  TableReference reference;
  for (const auto* part : {&catalog, &schema, &table}) {
    if (!part->empty()) reference.parts.push_back(duckdb::StringUtil::Lower(*part));
  }
  return reference;
}

TableReference ReferenceTo(const duckdb::TableRef& ref) {
  const auto& table = ref.Cast<duckdb::BaseTableRef>();
  return ReferenceTo(table.catalog_name, table.schema_name, table.table_name);
}

duckdb::vector<std::string> QualifierOf(const duckdb::TableRef& target) {
  duckdb::vector<std::string> names;
  if (!target.alias.empty()) {
    names.push_back(target.alias);
  } else {
    for (auto& part : ReferenceTo(target).parts) names.push_back(part);
  }
  return names;
}

ExpressionPtr TargetColumn(const duckdb::TableRef& target, const std::string& column) {
  auto names = QualifierOf(target);
  names.push_back(column);
  return duckdb::make_uniq<duckdb::ColumnRefExpression>(std::move(names));
}

void ParsedStatement::Impl::SetText(const StatementText& from) {
  text = from.sql;
  key = from.key;
  normalised = from.normalised;
  for (const Datum& literal : from.literals) literals.emplace_back(literal);
}

bool ParsedStatement::Impl::MayHavePlan() const {
  switch (kind) {
    case StatementKind::kSelect: return true;
    case StatementKind::kInsert: {
      const auto& insert = statement->Cast<duckdb::InsertStatement>();
      return !insert.default_values && !insert.on_conflict_info && insert.returning_list.empty();
    }
    case StatementKind::kUpdate: return statement->Cast<duckdb::UpdateStatement>().returning_list.empty();
    case StatementKind::kDelete: return statement->Cast<duckdb::DeleteStatement>().returning_list.empty();
    default: return false;
  }
}

std::optional<ParsedStatement> ParsedStatement::TakeReturning() {
  if (!impl_->statement) return std::nullopt;
  auto& statement = *impl_->statement;
  auto* list = ReturningOf(statement);
  if (!list || list->empty()) return std::nullopt;
  auto node = duckdb::make_uniq<duckdb::SelectNode>();
  node->select_list = std::move(*list);
  list->clear();
  switch (kind()) {
    case StatementKind::kInsert: node->from_table = TargetOf(statement.Cast<duckdb::InsertStatement>()); break;
    case StatementKind::kUpdate: node->from_table = statement.Cast<duckdb::UpdateStatement>().table->Copy(); break;
    default: node->from_table = statement.Cast<duckdb::DeleteStatement>().table->Copy();
  }
  auto clause = std::make_unique<Impl>();
  clause->text = impl_->text;
  clause->statement = MakeSelect(std::move(node));
  clause->statement->named_param_map = statement.named_param_map;
  clause->kind = StatementKind::kSelect;
  clause->is_clause = true;
  return ParsedStatement(std::move(clause));
}

ConflictAction ParsedStatement::conflict_action() const {
  if (kind() != StatementKind::kInsert || !impl_->statement) return ConflictAction::kNone;
  const auto& conflict = impl_->statement->Cast<duckdb::InsertStatement>().on_conflict_info;
  if (!conflict) return ConflictAction::kNone;
  if (conflict->condition) return ConflictAction::kOther;
  switch (conflict->action_type) {
    case duckdb::OnConflictAction::NOTHING: return ConflictAction::kDoNothing;
    case duckdb::OnConflictAction::UPDATE:
      return conflict->set_info ? ConflictAction::kDoUpdate : ConflictAction::kOther;
    default: return ConflictAction::kOther;
  }
}

const std::vector<std::string>& ParsedStatement::conflict_columns() const { return impl_->conflict_columns; }

ParsedStatement ParsedStatement::TakeConflictUpdate() {
  auto& insert = impl_->statement->Cast<duckdb::InsertStatement>();
  auto update = duckdb::make_uniq<duckdb::UpdateStatement>();
  update->table = TargetOf(insert);
  update->set_info = std::move(insert.on_conflict_info->set_info);
  update->named_param_map = insert.named_param_map;
  auto& set = *update->set_info;
  for (auto& expression : set.expressions) RenameExcluded(*expression);
  if (set.condition) RenameExcluded(*set.condition);

  auto clause = std::make_unique<Impl>();
  clause->text = impl_->text;
  for (auto& column : set.columns) clause->columns.push_back(column);
  clause->kind = StatementKind::kUpdate;
  clause->target = ReferenceTo(*update->table);
  clause->statement = std::move(update);
  clause->is_clause = true;
  return ParsedStatement(std::move(clause));
}

std::optional<std::vector<std::string>> ParsedStatement::plain_columns() const {
  const auto& select =
      impl_->statement->Cast<duckdb::SelectStatement>().node->Cast<duckdb::SelectNode>();
  std::vector<std::string> columns;
  for (const auto& item : select.select_list) {
    if (!item->GetAlias().empty()) return std::nullopt;
    switch (item->GetExpressionClass()) {
      case duckdb::ExpressionClass::COLUMN_REF: {
        const auto& names = item->Cast<duckdb::ColumnRefExpression>().column_names;
        if (!Qualifies(names, *select.from_table)) return std::nullopt;
        columns.push_back(names.back());
        break;
      }
      case duckdb::ExpressionClass::STAR:
        if (item->ToString() != "*") return std::nullopt;
        columns.emplace_back("*");
        break;
      default: return std::nullopt;
    }
  }
  return columns;
}

}  // namespace kalam::duck
