#include "scan_function.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/memory_budget.h"
#include "cold_scan_team.h"
#include "datum_vector.h"
#include "duck/cold_part.h"
#include "query_scope.h"
#include "types.h"

namespace kalam::duck {
namespace {

using duckdb::ClientContext;
using duckdb::column_t;
using duckdb::Expression;
using duckdb::ExpressionType;
using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::LogicalGet;

// What a column is compared with: a constant, or the place where its value is found when a scan starts.
struct Bound {
  duckdb::Value constant = duckdb::Value();
  duckdb::shared_ptr<duckdb::BoundParameterData> parameter = nullptr;
  std::shared_ptr<const Expression> computed = nullptr;  // from parameters: `$1 + 50`
};

// A comparison that holds for every row of the result: a hint for files, which have statistics.
struct ColumnBound {
  std::size_t column = 0;  // numbered as columns()
  ExpressionType comparison = ExpressionType::COMPARE_EQUAL;
  Bound bound;
};

// A condition on one text column, `body LIKE '%x%'`: what rows of files may be left out by, too.
struct TextCondition {
  std::size_t column = 0;
  std::shared_ptr<const Expression> function;  // of the column first
  std::vector<Bound> others;                   // its other arguments
};

// What a plan knows of one table: where its source is found at each run, what its columns are, and which keys can
// match.
struct ScanBindData final : duckdb::TableFunctionData {
  std::uint64_t source = 0;  // in QueryScope
  std::vector<ScanColumn> columns;
  std::vector<ScanColumn> hidden_columns;
  std::optional<std::size_t> key_column;
  std::optional<std::uint64_t> rows;  // about so many, when it was planned

  std::vector<Bound> lower, upper;  // of the key; all of them hold
  std::vector<std::vector<Bound>> points;
  std::vector<ColumnBound> others;  // of other columns
  std::vector<TextCondition> texts;

  duckdb::unique_ptr<duckdb::FunctionData> Copy() const override {
    auto copy = duckdb::make_uniq<ScanBindData>();
    *copy = *this;
    return copy;
  }
  bool Equals(const FunctionData& other) const override { return this == &other; }
};

// The store below is no part of the engine and holds locks that an exception would leave behind: its calls stand under
// a Pause of the statement's memory budget.
struct ScanState final : duckdb::GlobalTableFunctionState {
  ~ScanState() override {
    const MemoryBudget::Pause pause;
    cursor.reset();
  }

  std::unique_ptr<ScanCursor> cursor;
  std::vector<std::optional<std::size_t>> columns;  // of the source, by output column; nullopt: row id
  std::vector<DataType> types;
  std::int64_t row_number = 0;
  std::optional<ColdScanTeam> cold;  // after the cursor's rows
};

// Ends the query; the engine would keep only the text.
[[noreturn]] void Throw(ClientContext& context, const Error& error) {
  QueryScope::Of(context).failure = error;
  throw duckdb::InvalidInputException("%s", error.message());
}

duckdb::unique_ptr<duckdb::FunctionData> Bind(ClientContext& context, duckdb::TableFunctionBindInput& input,
                                              duckdb::vector<duckdb::LogicalType>& types,
                                              duckdb::vector<std::string>& names) {
  auto data = duckdb::make_uniq<ScanBindData>();
  data->source = input.inputs[0].GetValue<std::uint64_t>();
  const ScanSource& source = *QueryScope::Of(context).sources.at(data->source);
  data->columns = source.columns();
  data->hidden_columns = source.hidden_columns();
  data->key_column = source.key_column();
  data->rows = source.estimated_rows();
  for (const auto& column : data->columns) {
    types.push_back(ToLogicalType(column.type));
    names.push_back(column.name);
  }
  return data;
}

duckdb::virtual_column_map_t VirtualColumns(ClientContext&, duckdb::optional_ptr<duckdb::FunctionData> bind) {
  const auto& hidden = bind->Cast<ScanBindData>().hidden_columns;
  duckdb::virtual_column_map_t columns;
  for (std::size_t i = 0; i < hidden.size(); ++i) {
    columns.insert(
        {duckdb::VIRTUAL_COLUMN_START + i, duckdb::TableColumn(hidden[i].name, ToLogicalType(hidden[i].type))});
  }
  // What count(*) scans when it needs no column at all.
  columns.insert({duckdb::COLUMN_IDENTIFIER_EMPTY, duckdb::TableColumn("", duckdb::LogicalType::BOOLEAN)});
  return columns;
}

duckdb::unique_ptr<duckdb::NodeStatistics> Cardinality(ClientContext&, const duckdb::FunctionData* bind) {
  const auto& data = bind->Cast<ScanBindData>();
  if (!data.points.empty()) return duckdb::make_uniq<duckdb::NodeStatistics>(data.points.front().size());
  return data.rows ? duckdb::make_uniq<duckdb::NodeStatistics>(*data.rows)
                   : duckdb::make_uniq<duckdb::NodeStatistics>();
}

// What EXPLAIN says: the columns are the table's, its number here is nobody's business.
duckdb::InsertionOrderPreservingMap<std::string> Describe(duckdb::TableFunctionToStringInput&) { return {}; }

// --- which keys can match

// A key as scans take it; nullopt for NULL and other types.
std::optional<Value> KeyOf(const duckdb::Value& value) {
  if (value.IsNull()) return std::nullopt;
  if (value.type().id() == duckdb::LogicalTypeId::BIGINT) return Value(Datum::Int(value.GetValue<std::int64_t>()));
  if (value.type().id() == duckdb::LogicalTypeId::VARCHAR) return Value(Datum::Text(duckdb::StringValue::Get(value)));
  return std::nullopt;
}

class Pushdown {
 public:
  Pushdown(const LogicalGet& get, ScanBindData& data) : get_(get), data_(data) {}

  // Each filter holds for every row of the result, so each may narrow the range on its own.
  void Narrow(const Expression& filter) {
    switch (filter.GetExpressionClass()) {
      case duckdb::ExpressionClass::BOUND_COMPARISON: {
        const auto& comparison = filter.Cast<duckdb::BoundComparisonExpression>();
        if (const auto column = ColumnOf(*comparison.left)) {
          Compare(*column, filter.GetExpressionType(), *comparison.right);
        } else if (const auto right = ColumnOf(*comparison.right)) {
          Compare(*right, duckdb::FlipComparisonExpression(filter.GetExpressionType()), *comparison.left);
        }
        return;
      }
      case duckdb::ExpressionClass::BOUND_BETWEEN: {
        const auto& between = filter.Cast<duckdb::BoundBetweenExpression>();
        const auto column = ColumnOf(*between.input);
        if (!column) return;
        // Strict bounds are taken as if they were not: a hint.
        Compare(*column, ExpressionType::COMPARE_GREATERTHANOREQUALTO, *between.lower);
        Compare(*column, ExpressionType::COMPARE_LESSTHANOREQUALTO, *between.upper);
        return;
      }
      case duckdb::ExpressionClass::BOUND_OPERATOR: {
        const auto& list = filter.Cast<duckdb::BoundOperatorExpression>();
        if (list.GetExpressionType() == ExpressionType::COMPARE_IN && IsKey(ColumnOf(*list.children[0]))) In(list);
        return;
      }
      case duckdb::ExpressionClass::BOUND_FUNCTION: return Search(filter.Cast<duckdb::BoundFunctionExpression>());
      case duckdb::ExpressionClass::BOUND_CONJUNCTION: {
        if (filter.GetExpressionType() != ExpressionType::CONJUNCTION_AND) return;
        for (const auto& child : filter.Cast<duckdb::BoundConjunctionExpression>().children) Narrow(*child);
        return;
      }
      default: return;
    }
  }

 private:
  bool IsKey(const std::optional<std::size_t>& column) const { return column && column == data_.key_column; }

  // The declared column that the expression is, if it is one.
  std::optional<std::size_t> ColumnOf(const Expression& expression) const {
    if (expression.GetExpressionClass() != duckdb::ExpressionClass::BOUND_COLUMN_REF) return std::nullopt;
    const auto& reference = expression.Cast<duckdb::BoundColumnRefExpression>();
    if (reference.binding.table_index != get_.table_index) return std::nullopt;
    const auto column = get_.GetColumnIds()[reference.binding.column_index].GetPrimaryIndex();
    return column < data_.columns.size() ? std::optional<std::size_t>(column) : std::nullopt;
  }

  // The other side in the column's own type. Other types are left to the engine's comparison.
  std::optional<Bound> BoundOf(std::size_t column, const Expression& other) const {
    const DataType type = data_.columns[column].type;
    if (other.return_type != ToLogicalType(type) || type == DataType::kJson) return std::nullopt;
    if (other.GetExpressionClass() == duckdb::ExpressionClass::BOUND_PARAMETER) {
      return Bound{.parameter = other.Cast<duckdb::BoundParameterExpression>().parameter_data};
    }
    if (other.GetExpressionClass() == duckdb::ExpressionClass::BOUND_CONSTANT) {
      const auto& constant = other.Cast<duckdb::BoundConstantExpression>().value;
      if (constant.IsNull()) return std::nullopt;
      return Bound{.constant = constant};
    }
    // The same for every row, so it may be computed once more, before the first.
    if (!other.IsScalar() || other.IsVolatile() || other.HasSubquery()) return std::nullopt;
    return Bound{.computed = std::shared_ptr<const Expression>(other.Copy().release())};
  }

  void Compare(std::size_t column, ExpressionType type, const Expression& other) {
    switch (type) {
      case ExpressionType::COMPARE_EQUAL:
      case ExpressionType::COMPARE_GREATERTHAN:
      case ExpressionType::COMPARE_GREATERTHANOREQUALTO:
      case ExpressionType::COMPARE_LESSTHAN:
      case ExpressionType::COMPARE_LESSTHANOREQUALTO: break;
      default: return;
    }
    if (IsKey(column)) return CompareKey(type, other);
    if (auto bound = BoundOf(column, other)) data_.others.push_back({column, type, *std::move(bound)});
  }

  void CompareKey(ExpressionType type, const Expression& other) {
    auto bound = BoundOf(*data_.key_column, other);
    if (!bound) return;
    // Strict bounds keep their own key: the engine drops it.
    const bool lower = type != ExpressionType::COMPARE_LESSTHAN && type != ExpressionType::COMPARE_LESSTHANOREQUALTO;
    const bool upper =
        type != ExpressionType::COMPARE_GREATERTHAN && type != ExpressionType::COMPARE_GREATERTHANOREQUALTO;
    if (lower) data_.lower.push_back(*bound);
    if (upper) data_.upper.push_back(*std::move(bound));
  }

  void In(const duckdb::BoundOperatorExpression& list) {
    std::vector<Bound> points;
    for (std::size_t i = 1; i < list.children.size(); ++i) {
      auto bound = BoundOf(*data_.key_column, *list.children[i]);
      if (!bound) return;
      points.push_back(*std::move(bound));
    }
    data_.points.push_back(std::move(points));
  }

  // What text is searched with, in the engine's names. These look at nothing but their arguments, and do not fail.
  static bool IsSearch(const std::string& function) {
    static constexpr std::array kSearches = {"contains", "prefix", "suffix", "~~", "!~~", "~~*", "!~~*"};
    return std::ranges::find(kSearches, function) != kSearches.end();
  }

  void Search(const duckdb::BoundFunctionExpression& function) {
    if (!IsSearch(function.function.name)) return;
    const auto column = ColumnOf(*function.children[0]);
    if (!column || data_.columns[*column].type != DataType::kText) return;
    TextCondition condition{.column = *column, .function = nullptr, .others = {}};
    for (std::size_t i = 1; i < function.children.size(); ++i) {
      auto bound = BoundOf(*column, *function.children[i]);
      if (!bound) return;
      condition.others.push_back(*std::move(bound));
    }
    condition.function = std::shared_ptr<const Expression>(function.Copy().release());
    data_.texts.push_back(std::move(condition));
  }

  const LogicalGet& get_;
  ScanBindData& data_;
};

// The engine forgets the types of parameters that meet a scan with pushdown, so that it plans again whenever they have
// values. We need no values to plan: see the types restored, and the values read when the scan starts.
void RestoreTypes(Expression& expression, const QueryScope& scope) {
  if (expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_PARAMETER) {
    auto& parameter = expression.Cast<duckdb::BoundParameterExpression>();
    const auto type = scope.parameter_types.find(parameter.identifier);
    if (type == scope.parameter_types.end()) return;
    parameter.return_type = type->second;
    parameter.parameter_data->return_type = type->second;
  }
  duckdb::ExpressionIterator::EnumerateChildren(expression,
                                                [&](Expression& child) { RestoreTypes(child, scope); });
}

// Takes hints and leaves every filter where it is: the engine evaluates them all the same.
void PushdownFilters(ClientContext& context, LogicalGet& get, duckdb::FunctionData* bind,
                     duckdb::vector<duckdb::unique_ptr<Expression>>& filters) {
  auto& data = bind->Cast<ScanBindData>();
  for (const auto& filter : filters) RestoreTypes(*filter, QueryScope::Of(context));
  Pushdown pushdown(get, data);
  for (const auto& filter : filters) pushdown.Narrow(*filter);
}

// --- the values of a run

// A bound's value in this run. nullopt: computing it fails, which is the engine's to report, if there is a row to
// compare.
std::optional<duckdb::Value> ValueOf(ClientContext& context, const Bound& bound) {
  if (bound.parameter) return bound.parameter->GetValue();
  if (!bound.computed) return bound.constant;
  duckdb::Value value;
  if (!duckdb::ExpressionExecutor::TryEvaluateScalar(context, *bound.computed, value)) return std::nullopt;
  return value;
}

// The same as a key; nullopt inside: NULL, which no key equals.
std::optional<std::optional<Value>> KeyValueOf(ClientContext& context, const Bound& bound) {
  const auto value = ValueOf(context, bound);
  if (!value) return std::nullopt;
  return KeyOf(*value);
}

bool Less(const Value& a, const Value& b) {
  const Datum x = a.view(), y = b.view();
  return x.kind() == Datum::Kind::kInt ? x.int_value() < y.int_value() : x.text() < y.text();
}

KeyRange Nothing() {
  KeyRange nothing;
  nothing.points.emplace();
  return nothing;
}

// Sorted, each once.
std::optional<std::vector<Value>> PointsOf(ClientContext& context, const std::vector<Bound>& list) {
  std::vector<Value> points;
  for (const Bound& bound : list) {
    auto value = KeyValueOf(context, bound);
    if (!value) return std::nullopt;
    if (*value) points.push_back(**std::move(value));
  }
  std::sort(points.begin(), points.end(), Less);
  points.erase(std::unique(points.begin(), points.end(),
                           [](const Value& a, const Value& b) { return a.view() == b.view(); }),
               points.end());
  return points;
}

KeyRange KeysOf(ClientContext& context, const ScanBindData& data) {
  KeyRange keys;
  for (const Bound& bound : data.lower) {
    auto value = KeyValueOf(context, bound);
    if (!value) continue;
    if (!*value) return Nothing();
    if (!keys.lower || Less(*keys.lower, **value)) keys.lower = *std::move(value);
  }
  for (const Bound& bound : data.upper) {
    auto value = KeyValueOf(context, bound);
    if (!value) continue;
    if (!*value) return Nothing();
    if (!keys.upper || Less(**value, *keys.upper)) keys.upper = *std::move(value);
  }
  for (const auto& list : data.points) {
    auto points = PointsOf(context, list);
    if (points && (!keys.points || points->size() < keys.points->size())) keys.points = std::move(points);
  }
  return keys;
}

// The condition with the values of this run. Null: there is one that fails.
std::shared_ptr<const Expression> WithValues(ClientContext& context, const TextCondition& condition) {
  auto copy = condition.function->Copy();
  auto& arguments = copy->Cast<duckdb::BoundFunctionExpression>().children;
  arguments[0] = duckdb::make_uniq<duckdb::BoundReferenceExpression>(arguments[0]->return_type, 0ULL);
  for (std::size_t i = 0; i < condition.others.size(); ++i) {
    auto value = ValueOf(context, condition.others[i]);
    if (!value) return nullptr;
    arguments[i + 1] = duckdb::make_uniq<duckdb::BoundConstantExpression>(*std::move(value));
  }
  return std::shared_ptr<const Expression>(copy.release());
}

std::vector<SegmentScan::Filter> TextFiltersOf(ClientContext& context, const ScanBindData& data) {
  std::vector<SegmentScan::Filter> filters;
  for (const TextCondition& condition : data.texts) {
    auto expression = WithValues(context, condition);
    if (expression) filters.push_back({.column = condition.column, .expression = std::move(expression)});
  }
  return filters;
}

// NULL compares with nothing; the engine sees to that.
std::vector<SegmentScan::Filter> FiltersOf(ClientContext& context, const ScanBindData& data) {
  std::vector<SegmentScan::Filter> filters;
  for (const ColumnBound& other : data.others) {
    auto value = ValueOf(context, other.bound);
    if (value && !value->IsNull()) {
      filters.push_back({.column = other.column, .comparison = other.comparison, .value = *std::move(value)});
    }
  }
  return filters;
}

// The same for sources, which know ranges of numbers, times and text.
std::vector<ColumnRange> RangesOf(const std::vector<SegmentScan::Filter>& filters, const ScanBindData& data) {
  std::vector<ColumnRange> ranges;
  for (const auto& [column, comparison, value, expression] : filters) {
    const DataType type = data.columns[column].type;
    duckdb::Vector stored(value);
    stored.Flatten(1);
    const Value bound(ReadDatum(stored, 0, type));
    const auto kind = bound.view().kind();
    if (kind != Datum::Kind::kInt && kind != Datum::Kind::kText) continue;
    const bool lower = comparison != ExpressionType::COMPARE_LESSTHAN &&
                       comparison != ExpressionType::COMPARE_LESSTHANOREQUALTO;
    const bool upper = comparison != ExpressionType::COMPARE_GREATERTHAN &&
                       comparison != ExpressionType::COMPARE_GREATERTHANOREQUALTO;
    ColumnRange& range = ranges.emplace_back(ColumnRange{.column = column, .lower = {}, .upper = {}});
    if (lower) range.lower = bound;
    if (upper) range.upper = bound;
  }
  return ranges;
}

// --- the scan

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> Init(ClientContext& context,
                                                          duckdb::TableFunctionInitInput& input) {
  const auto& data = input.bind_data->Cast<ScanBindData>();
  auto state = duckdb::make_uniq<ScanState>();
  const auto& source = QueryScope::Of(context).sources.at(data.source);
  const std::size_t visible = data.columns.size();
  for (const column_t id : input.column_ids) {
    if (id < visible) {
      state->columns.push_back(id);
      state->types.push_back(data.columns[id].type);
    } else if (id >= duckdb::VIRTUAL_COLUMN_START &&
               id - duckdb::VIRTUAL_COLUMN_START < data.hidden_columns.size()) {
      const std::size_t hidden = id - duckdb::VIRTUAL_COLUMN_START;
      state->columns.push_back(visible + hidden);
      state->types.push_back(data.hidden_columns[hidden].type);
    } else {
      state->columns.push_back(std::nullopt);
      state->types.push_back(DataType::kBigInt);
    }
  }
  KeyRange keys = KeysOf(context, data);
  std::vector<SegmentScan::Filter> filters = FiltersOf(context, data);
  keys.columns = RangesOf(filters, data);
  for (auto& filter : TextFiltersOf(context, data)) filters.push_back(std::move(filter));
  const MemoryBudget::Pause pause;
  auto split = source->OpenSplit(keys);
  if (!split.ok()) Throw(context, split.error());
  if (*split) {
    auto shared = std::make_shared<ColdScan::Shared>();
    shared->part = std::move((*split)->cold);
    shared->keys = std::move(keys);
    shared->filters = std::move(filters);
    state->cursor = std::move((*split)->rows);
    state->cold.emplace(std::move(shared), state->columns, context.interrupted);
    return state;
  }
  auto cursor = source->Open(keys);
  if (!cursor.ok()) Throw(context, cursor.error());
  state->cursor = std::move(cursor).value();
  return state;
}

void Scan(ClientContext& context, duckdb::TableFunctionInput& input, duckdb::DataChunk& output) {
  auto& state = input.global_state->Cast<ScanState>();
  idx_t rows = 0;
  for (; rows < STANDARD_VECTOR_SIZE; ++rows) {
    const auto more = [&] {
      const MemoryBudget::Pause pause;
      return state.cursor->Next();
    }();
    if (!more.ok()) Throw(context, more.error());
    if (!*more) break;
    for (std::size_t i = 0; i < state.columns.size(); ++i) {
      auto& vector = output.data[i];
      if (state.columns[i]) {
        WriteDatum(vector, rows, state.types[i], state.cursor->Column(*state.columns[i]));
      } else if (vector.GetType().id() == duckdb::LogicalTypeId::BIGINT) {
        FlatVector::GetData<std::int64_t>(vector)[rows] = state.row_number++;
      } else if (vector.GetType().id() == duckdb::LogicalTypeId::BOOLEAN) {
        FlatVector::GetData<bool>(vector)[rows] = true;
      }
    }
  }
  output.SetCardinality(rows);
  if (rows > 0 || !state.cold) return;
  const MemoryBudget::Pause pause;
  try {
    state.cold->Next(output);
  } catch (const ColdScan::Failure& failure) {
    Throw(context, failure.error);
  }
}

// --- parameters

struct PlanCounter final : duckdb::OptimizerExtensionInfo {
  explicit PlanCounter(std::atomic<std::uint64_t>& counter) : plans(counter) {}
  std::atomic<std::uint64_t>& plans;
};

void NoteTypes(const Expression& expression, QueryScope& scope) {
  if (expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_PARAMETER) {
    const auto& parameter = expression.Cast<duckdb::BoundParameterExpression>();
    scope.parameter_types[parameter.identifier] = parameter.return_type;
  }
  duckdb::ExpressionIterator::EnumerateChildren(expression,
                                                [&](const Expression& child) { NoteTypes(child, scope); });
}

void NoteTypes(duckdb::LogicalOperator& plan, QueryScope& scope) {
  duckdb::LogicalOperatorVisitor::EnumerateExpressions(
      plan, [&](duckdb::unique_ptr<Expression>* expression) { NoteTypes(**expression, scope); });
  for (auto& child : plan.children) NoteTypes(*child, scope);
}

std::uint64_t BytesOf(const duckdb::Value& value) {
  if (value.IsNull()) return 0;
  switch (value.type().InternalType()) {
    case duckdb::PhysicalType::VARCHAR: return duckdb::StringValue::Get(value).size();
    case duckdb::PhysicalType::LIST: {
      std::uint64_t bytes = 0;
      for (const auto& child : duckdb::ListValue::GetChildren(value)) bytes += sizeof(duckdb::Value) + BytesOf(child);
      return bytes;
    }
    case duckdb::PhysicalType::STRUCT: {
      std::uint64_t bytes = 0;
      for (const auto& child : duckdb::StructValue::GetChildren(value)) bytes += sizeof(duckdb::Value) + BytesOf(child);
      return bytes;
    }
    default: return 0;
  }
}

void CountConstants(const Expression& expression, QueryScope& scope) {
  if (expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_CONSTANT) {
    scope.constant_bytes += BytesOf(expression.Cast<duckdb::BoundConstantExpression>().value);
  }
  duckdb::ExpressionIterator::EnumerateChildren(expression,
                                                [&](const Expression& child) { CountConstants(child, scope); });
}

void CountConstants(duckdb::LogicalOperator& plan, QueryScope& scope) {
  duckdb::LogicalOperatorVisitor::EnumerateExpressions(
      plan, [&](duckdb::unique_ptr<Expression>* expression) { CountConstants(**expression, scope); });
  for (auto& child : plan.children) CountConstants(*child, scope);
}

void AfterOptimizing(duckdb::OptimizerExtensionInput& input, duckdb::unique_ptr<duckdb::LogicalOperator>& plan) {
  auto& scope = QueryScope::Of(input.context);
  scope.constant_bytes = 0;
  CountConstants(*plan, scope);
}

void BeforeOptimizing(duckdb::OptimizerExtensionInput& input, duckdb::unique_ptr<duckdb::LogicalOperator>& plan) {
  auto& scope = QueryScope::Of(input.context);
  scope.parameter_types.clear();
  NoteTypes(*plan, scope);
  ++static_cast<PlanCounter&>(*input.info).plans;
}

}  // namespace

duckdb::OptimizerExtension ParameterKeeper(std::atomic<std::uint64_t>& plans) {
  duckdb::OptimizerExtension extension;
  extension.pre_optimize_function = BeforeOptimizing;
  extension.optimize_function = AfterOptimizing;
  extension.optimizer_info = duckdb::make_shared_ptr<PlanCounter>(plans);
  return extension;
}

void RegisterScanFunction(duckdb::ExtensionLoader& loader) {
  duckdb::TableFunction function(std::string(kScanFunction), {duckdb::LogicalType::UBIGINT}, Scan, Bind, Init);
  function.projection_pushdown = true;
  function.filter_pushdown = false;
  function.pushdown_complex_filter = PushdownFilters;
  function.get_virtual_columns = VirtualColumns;
  function.cardinality = Cardinality;
  function.to_string = Describe;
  loader.RegisterFunction(function);
}

}  // namespace kalam::duck
