#include "walker.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "context_values.h"
#include "function_allowlist.h"
#include "result_bounds.h"
#include "row_binder.h"
#include "scan_function.h"
#include "types.h"

namespace kalam::duck {
namespace {

using duckdb::ExpressionClass;
using duckdb::ParsedExpression;
using duckdb::ParsedExpressionIterator;
using duckdb::QueryNode;
using duckdb::TableRef;
using ExpressionPtr = duckdb::unique_ptr<ParsedExpression>;

std::string Lower(std::string_view text) { return duckdb::StringUtil::Lower(std::string(text)); }

[[noreturn]] void Refuse(ErrorCode code, std::string message) {
  throw WalkRefused{Error(code, std::move(message))};
}

// Catalog names of the engine's own. A common table expression may not use one, so that no slip in
// scoping could ever reach them.
bool IsEngineCatalogName(const std::string& name) {
  for (const char* prefix : {"duckdb_", "pg_", "sqlite_", "pragma_", "kalam_"}) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

bool Mentions(const ParsedExpression& expression, std::string_view column) {
  if (expression.GetExpressionClass() == ExpressionClass::COLUMN_REF) {
    return Lower(expression.Cast<duckdb::ColumnRefExpression>().GetColumnName()) == column;
  }
  bool found = false;
  ParsedExpressionIterator::EnumerateChildren(
      expression, [&](const ParsedExpression& child) { found = found || Mentions(child, column); });
  return found;
}

ExpressionPtr Constant(duckdb::Value value) {
  return duckdb::make_uniq<duckdb::ConstantExpression>(std::move(value));
}

// Comparisons, BETWEEN and IN: a parameter among their operands has the type of the others.
bool TypesItsOperands(const ParsedExpression& expression) {
  switch (expression.GetExpressionClass()) {
    case ExpressionClass::COMPARISON:
    case ExpressionClass::BETWEEN: return true;
    case ExpressionClass::OPERATOR:
      return expression.GetExpressionType() == duckdb::ExpressionType::COMPARE_IN ||
             expression.GetExpressionType() == duckdb::ExpressionType::COMPARE_NOT_IN;
    default: return false;
  }
}

// Functions of any kind, and what a list or struct is as text.
bool MayGrowBeyond(const ParsedExpression& expression) {
  switch (expression.GetExpressionClass()) {
    case ExpressionClass::FUNCTION: return MayGrow(Lower(expression.Cast<duckdb::FunctionExpression>().function_name));
    case ExpressionClass::WINDOW: return MayGrow(Lower(expression.Cast<duckdb::WindowExpression>().function_name));
    case ExpressionClass::CAST: {
      const auto& cast = expression.Cast<duckdb::CastExpression>();
      const auto from = cast.child->GetExpressionClass();
      const auto to = cast.cast_type.id();
      const bool is_text = to == duckdb::LogicalTypeId::VARCHAR || to == duckdb::LogicalTypeId::BLOB ||
                           to == duckdb::LogicalTypeId::USER || cast.cast_type.IsNested();
      return is_text && from != ExpressionClass::CONSTANT && from != ExpressionClass::PARAMETER;
    }
    default: return false;
  }
}

// Around an expression; its name stays the expression's.
ExpressionPtr Bounded(ExpressionPtr expression) {
  const std::string alias = expression->GetAlias();
  expression->ClearAlias();
  duckdb::vector<ExpressionPtr> arguments;
  arguments.push_back(std::move(expression));
  auto bounded = duckdb::make_uniq<duckdb::FunctionExpression>(std::string(kBoundedResult), std::move(arguments));
  bounded->SetAlias(alias);
  return bounded;
}

// Counts how deep the walk is; the engine's own recursion follows the same tree.
class DepthGuard {
 public:
  DepthGuard(std::size_t& depth, std::size_t max) : depth_(depth) {
    if (++depth_ > max) {
      --depth_;
      Refuse(ErrorCode::kLimitExceeded,
             "ERROR: statement is nested deeper than limits.max_nesting_depth allows");
    }
  }
  ~DepthGuard() { --depth_; }

 private:
  std::size_t& depth_;
};

// The parser itself qualifies the functions behind [1, 2], {'a': 1}, EXTRACT, LIKE ... ESCAPE and the like. The
// bare name means the same function and is all that the allowlist looks at, for these and for what a client
// qualified.
template <typename Call>
void DropBuiltinQualifier(Call& call) {
  const std::string schema = Lower(call.schema);
  const std::string catalog = Lower(call.catalog);
  if ((schema != "main" && schema != "pg_catalog") || (!catalog.empty() && catalog != "system")) return;
  call.schema.clear();
  call.catalog.clear();
}

}  // namespace

Status Walker::Walk(QueryNode& node) try {
  WalkNode(node);
  return {};
} catch (const WalkRefused& refused) {
  return refused.error;
}

void Walker::NoteParameters(const duckdb::case_insensitive_map_t<duckdb::idx_t>& names) {
  for (const auto& [name, index] : names) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc() || end != name.data() + name.size()) continue;
    // What is given too much or too little is counted; a number far beyond that only says so.
    number = std::min(number, params_.size() + 1);
    if (number == 0) continue;
    if (parameters_seen_.size() < number) parameters_seen_.resize(number);
    parameters_seen_[number - 1] = true;
  }
}

Status Walker::CheckParameters() const {
  const std::size_t given = params_.size();
  for (std::size_t i = 0; i < parameters_seen_.size(); ++i) {
    if (!parameters_seen_[i]) {
      return Error(ErrorCode::kParameterCount, "parameter mismatch: $" + std::to_string(i + 1) +
                                                   " is not used, but a higher number is");
    }
  }
  if (parameters_seen_.size() != given) {
    return Error(ErrorCode::kParameterCount,
                 "parameter mismatch: statement has " + std::to_string(parameters_seen_.size()) +
                     " parameter(s), request has " + std::to_string(given));
  }
  return {};
}

void Walker::WalkNode(QueryNode& node) {
  const DepthGuard guard(depth_, max_depth_);
  const std::size_t outer_ctes = ctes_.size();
  for (auto& entry : node.cte_map.map) {
    const std::string name = Lower(entry.first);
    if (IsEngineCatalogName(name)) {
      Refuse(ErrorCode::kPermissionDenied, "ERROR: permission denied for relation '" + name + "'");
    }
    auto& definition = *entry.second->query->node;
    // Only a recursive definition sees itself.
    const bool recursive = definition.type == duckdb::QueryNodeType::RECURSIVE_CTE_NODE;
    if (recursive) ctes_.push_back(name);
    WalkNode(definition);
    for (auto& target : entry.second->key_targets) WalkExpression(target);
    if (!recursive) ctes_.push_back(name);
  }
  switch (node.type) {
    case duckdb::QueryNodeType::SELECT_NODE: WalkSelect(node.Cast<duckdb::SelectNode>()); break;
    case duckdb::QueryNodeType::SET_OPERATION_NODE: {
      auto& operation = node.Cast<duckdb::SetOperationNode>();
      WalkNode(*operation.left);
      WalkNode(*operation.right);
      scopes_.emplace_back();
      WalkModifiers(node);
      scopes_.pop_back();
      break;
    }
    case duckdb::QueryNodeType::RECURSIVE_CTE_NODE: {
      auto& recursion = node.Cast<duckdb::RecursiveCTENode>();
      WalkNode(*recursion.left);
      ctes_.push_back(Lower(recursion.ctename));
      WalkNode(*recursion.right);
      for (auto& target : recursion.key_targets) WalkExpression(target);
      WalkModifiers(node);
      break;
    }
    case duckdb::QueryNodeType::CTE_NODE: {
      auto& cte = node.Cast<duckdb::CTENode>();
      const std::string name = Lower(cte.ctename);
      if (IsEngineCatalogName(name)) {
        Refuse(ErrorCode::kPermissionDenied, "ERROR: permission denied for relation '" + name + "'");
      }
      const bool recursive = cte.query->type == duckdb::QueryNodeType::RECURSIVE_CTE_NODE;
      if (recursive) ctes_.push_back(name);
      WalkNode(*cte.query);
      if (!recursive) ctes_.push_back(name);
      WalkNode(*cte.child);
      WalkModifiers(node);
      break;
    }
    default: Refuse(ErrorCode::kPermissionDenied, "ERROR: permission denied for this kind of query");
  }
  ctes_.resize(outer_ctes);
}

void Walker::WalkSelect(duckdb::SelectNode& select) {
  scopes_.emplace_back();
  if (select.from_table) {
    const bool include_deleted = select.where_clause && Mentions(*select.where_clause, "_deleted");
    WalkTableRef(select.from_table, include_deleted);
  }
  WalkSelectList(select);
  for (auto* clause : {&select.where_clause, &select.having, &select.qualify}) {
    if (*clause) WalkExpression(*clause);
  }
  const bool outer = std::exchange(shapes_, true);
  for (auto& group : select.groups.group_expressions) WalkExpression(group);
  shapes_ = outer;
  WalkModifiers(select);
  scopes_.pop_back();
}

// A rewritten expression must not change the name of its column: it gets the old one as its alias.
void Walker::WalkSelectList(duckdb::SelectNode& select) {
  for (auto& item : select.select_list) {
    const auto kind = item->GetExpressionClass();
    if (!item->GetAlias().empty() || kind == ExpressionClass::STAR || kind == ExpressionClass::COLUMN_REF) {
      const bool plain = kind == ExpressionClass::COLUMN_REF && item->GetAlias().empty();
      const std::string name = plain ? item->GetName() : std::string();
      WalkExpression(item);
      if (plain && item->GetExpressionClass() != ExpressionClass::COLUMN_REF) item->SetAlias(name);
      continue;
    }
    const std::string before = item->ToString();
    std::string name = item->GetName();
    const std::string engine_name = name;
    if (before == "count_star()") name = "count(*)";
    // The parser writes `//` for the `/` of integers.
    for (auto at = name.find(" // "); at != std::string::npos; at = name.find(" // ", at)) name.replace(at, 4, " / ");
    WalkExpression(item);
    if (name != engine_name || item->ToString() != before) item->SetAlias(name);
  }
}

void Walker::WalkModifiers(QueryNode& node) {
  const bool outer = std::exchange(shapes_, true);
  ParsedExpressionIterator::EnumerateQueryNodeModifiers(
      node, [&](ExpressionPtr& expression) { WalkExpression(expression); });
  shapes_ = outer;
}

bool Walker::IsCte(const std::string& name) const {
  return std::find(ctes_.begin(), ctes_.end(), name) != ctes_.end();
}

// The table's own name, or, when this FROM has that already, its whole name: `a.notes JOIN b.notes`.
std::string Walker::AliasFor(const std::vector<std::string>& parts) const {
  const auto taken = [&](const std::string& alias) {
    return std::any_of(scopes_.back().begin(), scopes_.back().end(),
                       [&](const Binding& binding) { return Lower(binding.alias) == alias; });
  };
  if (!taken(parts.back())) return parts.back();
  std::string whole;
  for (const auto& part : parts) whole += (whole.empty() ? "" : ".") + part;
  return whole;
}

void Walker::ReplaceTable(duckdb::unique_ptr<TableRef>& ref, bool include_deleted) {
  auto& table = ref->Cast<duckdb::BaseTableRef>();
  if (table.at_clause) Refuse(ErrorCode::kUnsupported, "ERROR: AT (...) is not supported");
  std::vector<std::string> parts;
  for (const auto* part : {&table.catalog_name, &table.schema_name, &table.table_name}) {
    if (!part->empty()) parts.push_back(Lower(*part));
  }
  if (parts.size() == 1 && IsCte(parts[0])) return;

  references_.push_back(TableReference{parts, include_deleted});
  auto source = query_.resolver.Resolve(references_.back());
  if (!source.ok()) throw WalkRefused{source.error()};

  auto scan = duckdb::make_uniq<duckdb::TableFunctionRef>();
  duckdb::vector<ExpressionPtr> arguments;
  arguments.push_back(duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value::UBIGINT(sources_.size())));
  scan->function =
      duckdb::make_uniq<duckdb::FunctionExpression>(std::string(kScanFunction), std::move(arguments));
  table.CopyProperties(*scan);
  const bool has_alias = !table.alias.empty();
  scan->alias = has_alias ? table.alias : AliasFor(parts);
  scopes_.back().push_back(Binding{parts, has_alias, scan->alias});
  sources_.push_back(std::move(source).value());
  ref = std::move(scan);
}

void Walker::WalkTableRef(duckdb::unique_ptr<TableRef>& ref, bool include_deleted) {
  const DepthGuard guard(depth_, max_depth_);
  switch (ref->type) {
    case duckdb::TableReferenceType::BASE_TABLE: ReplaceTable(ref, include_deleted); return;
    case duckdb::TableReferenceType::JOIN: {
      auto& join = ref->Cast<duckdb::JoinRef>();
      WalkTableRef(join.left, include_deleted);
      WalkTableRef(join.right, include_deleted);
      if (join.condition) WalkExpression(join.condition);
      return;
    }
    case duckdb::TableReferenceType::SUBQUERY: WalkNode(*ref->Cast<duckdb::SubqueryRef>().subquery->node); return;
    case duckdb::TableReferenceType::TABLE_FUNCTION: WalkTableFunction(ref->Cast<duckdb::TableFunctionRef>()); return;
    case duckdb::TableReferenceType::EXPRESSION_LIST:
      for (auto& row : ref->Cast<duckdb::ExpressionListRef>().values) {
        for (auto& value : row) WalkExpression(value);
      }
      return;
    case duckdb::TableReferenceType::EMPTY_FROM:
    case duckdb::TableReferenceType::COLUMN_DATA: return;
    case duckdb::TableReferenceType::PIVOT: Refuse(ErrorCode::kUnsupported, "ERROR: PIVOT is not supported");
    default: Refuse(ErrorCode::kPermissionDenied, "ERROR: permission denied for this kind of table");
  }
}

void Walker::WalkTableFunction(duckdb::TableFunctionRef& ref) {
  if (ref.subquery || ref.function->GetExpressionClass() != ExpressionClass::FUNCTION) {
    Refuse(ErrorCode::kPermissionDenied, "ERROR: permission denied for this kind of table function");
  }
  auto& function = ref.function->Cast<duckdb::FunctionExpression>();
  const std::string name = Lower(function.function_name);
  DropBuiltinQualifier(function);
  if (!function.schema.empty() || !function.catalog.empty() || !IsAllowedTableFunction(name)) {
    RefuseFunction(name);
  }
  for (auto& argument : function.children) WalkExpression(argument);
}

void Walker::RefuseFunction(const std::string& name) const {
  if (known_functions_.Contains(name) || name.starts_with("kalam_")) {
    Refuse(ErrorCode::kPermissionDenied, "ERROR: permission denied for function " + name);
  }
  Refuse(ErrorCode::kInvalidArgument, "ERROR: function " + name + " does not exist");
}

void Walker::WalkExpression(ExpressionPtr& expression) {
  const DepthGuard guard(depth_, max_depth_);
  const bool is_operand = std::exchange(is_operand_, false);
  const bool types_operands = TypesItsOperands(*expression);
  switch (expression->GetExpressionClass()) {
    case ExpressionClass::COLUMN_REF: WalkColumn(expression); return;
    case ExpressionClass::PARAMETER: {
      const std::string alias = expression->GetAlias();
      expression = ParameterValue(expression->Cast<duckdb::ParameterExpression>().identifier, is_operand);
      expression->SetAlias(alias);
      return;
    }
    case ExpressionClass::FUNCTION:
      if (WalkFunction(expression)) return;
      break;
    case ExpressionClass::WINDOW: {
      auto& window = expression->Cast<duckdb::WindowExpression>();
      const std::string name = Lower(window.function_name);
      DropBuiltinQualifier(window);
      if (!window.schema.empty() || !window.catalog.empty() || !IsAllowedFunction(name)) RefuseFunction(name);
      break;
    }
    case ExpressionClass::SUBQUERY: WalkNode(*expression->Cast<duckdb::SubqueryExpression>().subquery->node); break;
    case ExpressionClass::BETWEEN:
    case ExpressionClass::CASE:
    case ExpressionClass::CAST:
    case ExpressionClass::COLLATE:
    case ExpressionClass::COMPARISON:
    case ExpressionClass::CONJUNCTION:
    case ExpressionClass::CONSTANT:
    case ExpressionClass::DEFAULT:
    case ExpressionClass::LAMBDA:
    case ExpressionClass::LAMBDA_REF:
    case ExpressionClass::OPERATOR:
    case ExpressionClass::POSITIONAL_REFERENCE:
    case ExpressionClass::STAR: break;
    default: Refuse(ErrorCode::kPermissionDenied, "ERROR: permission denied for this kind of expression");
  }
  ParsedExpressionIterator::EnumerateChildren(*expression, [&](ExpressionPtr& child) {
    is_operand_ = types_operands;
    WalkExpression(child);
  });
  is_operand_ = false;
  if (MayGrowBeyond(*expression)) expression = Bounded(std::move(expression));
}

bool Walker::WalkFunction(ExpressionPtr& expression) {
  auto& function = expression->Cast<duckdb::FunctionExpression>();
  const std::string name = Lower(function.function_name);
  DropBuiltinQualifier(function);
  if (!function.schema.empty() || !function.catalog.empty()) RefuseFunction(name);
  if (function.children.empty()) {
    if (auto constant = ContextConstant(name)) {
      constant->SetAlias(expression->GetAlias());
      expression = std::move(constant);
      return true;
    }
  }
  if (NeedsConstantArguments(name)) {
    for (const auto& argument : function.children) {
      needs_values_ = needs_values_ || argument->GetExpressionClass() == ExpressionClass::PARAMETER;
    }
  }
  if (const auto bounded = BoundedReplacement(name); !bounded.empty()) {
    function.function_name = bounded;
  } else if (!IsAllowedFunction(name)) {
    RefuseFunction(name);
  }
  return false;
}

// `app.notes.body` names a column of the reference to app.notes, whatever its alias here.
void Walker::WalkColumn(ExpressionPtr& expression) {
  auto& names = expression->Cast<duckdb::ColumnRefExpression>().column_names;
  if (names.size() == 1) {
    const std::string name = Lower(names[0]);
    if (auto constant = name.starts_with("current_") || name.starts_with("local") || name == "session_user"
                            ? ContextConstant(name)
                            : nullptr) {
      constant->SetAlias(expression->GetAlias());
      expression = std::move(constant);
    }
    return;
  }
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    for (const Binding& binding : *scope) {
      const std::size_t parts = binding.parts.size();
      if (binding.has_alias || parts < 2 || names.size() <= parts) continue;
      const bool same = std::equal(
          binding.parts.begin(), binding.parts.end(), names.begin(),
          [](const std::string& part, const std::string& name) { return part == Lower(name); });
      if (!same) continue;
      names.erase(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(parts));
      names.insert(names.begin(), binding.alias);
      return;
    }
  }
}

std::size_t Walker::ParameterNumber(const std::string& identifier) {
  std::size_t number = 0;
  const auto [end, error] =
      std::from_chars(identifier.data(), identifier.data() + identifier.size(), number);
  if (error != std::errc() || end != identifier.data() + identifier.size() || number == 0) {
    Refuse(ErrorCode::kParameterCount, "parameter mismatch: parameters are $1, $2, ...; not $" + identifier);
  }
  if (number > params_.size()) {
    Refuse(ErrorCode::kParameterCount, "parameter mismatch: statement uses $" + identifier + ", request has " +
                                           std::to_string(params_.size()) + " parameter(s)");
  }
  if (parameters_seen_.size() < number) parameters_seen_.resize(number);
  parameters_seen_[number - 1] = true;
  return number;
}

// A side of a comparison takes its type from the other side. Elsewhere a parameter has the type of its value, as a
// constant would: a plan holds for one kind of value.
ExpressionPtr Walker::ParameterValue(const std::string& identifier, bool is_operand) {
  const std::size_t number = ParameterNumber(identifier);
  const Datum& value = params_[number - 1];
  if (parameters_ == Parameters::kAsConstants) return Constant(ToDuckValue(value));
  if (shapes_) {
    if (std::ranges::find(shaping_, number - 1) == shaping_.end()) shaping_.push_back(number - 1);
    return Constant(ToDuckValue(value));
  }
  if (is_operand) return Keep(std::to_string(number));
  if (value.is_null()) return Constant(ToDuckValue(value));
  return duckdb::make_uniq<duckdb::CastExpression>(ToDuckValue(value).type(), Keep(std::to_string(number)));
}

// Each place is a parameter of its own: the engine types a parameter once, and plans one that stands in two places at
// each run.
ExpressionPtr Walker::Keep(std::string identifier) {
  identifier += "_" + std::to_string(kept_.size() + 1);
  kept_.push_back(identifier);
  auto parameter = duckdb::make_uniq<duckdb::ParameterExpression>();
  parameter->identifier = std::move(identifier);
  return parameter;
}

ExpressionPtr Walker::ContextValue(const char* hidden, duckdb::Value value) {
  if (parameters_ == Parameters::kAsConstants) return Constant(std::move(value));
  return duckdb::make_uniq<duckdb::CastExpression>(value.type(), Keep(hidden));
}

ExpressionPtr Walker::ContextConstant(std::string_view function) {
  if (function == "current_user" || function == "session_user" || function == "user") {
    return ContextValue(kUser, UserValue(query_));
  }
  // Row queries read the time from each row.
  const auto time = [&](const char* hidden, duckdb::Value value) -> ExpressionPtr {
    if (!query_.now_per_row) return ContextValue(hidden, std::move(value));
    return duckdb::make_uniq<duckdb::CastExpression>(
        value.type(), duckdb::make_uniq<duckdb::ColumnRefExpression>(std::string(kNowColumn)));
  };
  if (function == "now" || function == "current_timestamp" || function == "get_current_timestamp" ||
      function == "transaction_timestamp" || function == "localtimestamp" ||
      function == "current_localtimestamp") {
    return time(kNow, NowValue(query_));
  }
  if (function == "current_date" || function == "today") return time(kDate, DateValue(query_));
  if (function == "current_time" || function == "get_current_time" || function == "localtime" ||
      function == "current_localtime") {
    return time(kTime, TimeValue(query_));
  }
  return nullptr;
}

}  // namespace kalam::duck
