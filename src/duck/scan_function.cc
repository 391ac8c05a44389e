#include "scan_function.h"

#include <algorithm>
#include <optional>

#include "base/memory_budget.h"
#include "datum_vector.h"
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

// A bound of the key: a constant, or the place where its value is found when a scan starts.
struct KeyBound {
  Value constant;
  duckdb::shared_ptr<duckdb::BoundParameterData> parameter = nullptr;
  std::shared_ptr<const Expression> computed = nullptr;  // from parameters: `$1 + 50`
};

// What a plan knows of one table: where its source is found at each run, what its columns are, and which keys can
// match.
struct ScanBindData final : duckdb::TableFunctionData {
  std::uint64_t source = 0;  // in QueryScope
  std::vector<ScanColumn> columns;
  std::vector<ScanColumn> hidden_columns;
  std::optional<std::size_t> key_column;

  std::vector<KeyBound> lower, upper;  // all of them hold
  std::vector<std::vector<KeyBound>> points;

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

// Of the plan, not of anybody's rows.
duckdb::unique_ptr<duckdb::NodeStatistics> Cardinality(ClientContext&, const duckdb::FunctionData* bind) {
  const auto& data = bind->Cast<ScanBindData>();
  if (data.points.empty()) return duckdb::make_uniq<duckdb::NodeStatistics>();
  return duckdb::make_uniq<duckdb::NodeStatistics>(data.points.front().size());
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

class KeyPushdown {
 public:
  KeyPushdown(const LogicalGet& get, ScanBindData& data)
      : get_(get), type_(ToLogicalType(data.columns[*data.key_column].type)), data_(data) {}

  // Each filter holds for every row of the result, so each may narrow the range on its own.
  void Narrow(const Expression& filter) {
    switch (filter.GetExpressionClass()) {
      case duckdb::ExpressionClass::BOUND_COMPARISON: {
        const auto& comparison = filter.Cast<duckdb::BoundComparisonExpression>();
        if (IsKey(*comparison.left)) {
          Compare(filter.GetExpressionType(), *comparison.right);
        } else if (IsKey(*comparison.right)) {
          Compare(duckdb::FlipComparisonExpression(filter.GetExpressionType()), *comparison.left);
        }
        return;
      }
      case duckdb::ExpressionClass::BOUND_BETWEEN: {
        const auto& between = filter.Cast<duckdb::BoundBetweenExpression>();
        if (!IsKey(*between.input)) return;
        Compare(ExpressionType::COMPARE_GREATERTHANOREQUALTO, *between.lower);
        Compare(ExpressionType::COMPARE_LESSTHANOREQUALTO, *between.upper);
        return;
      }
      case duckdb::ExpressionClass::BOUND_OPERATOR: {
        const auto& list = filter.Cast<duckdb::BoundOperatorExpression>();
        if (list.GetExpressionType() == ExpressionType::COMPARE_IN && IsKey(*list.children[0])) In(list);
        return;
      }
      case duckdb::ExpressionClass::BOUND_CONJUNCTION: {
        if (filter.GetExpressionType() != ExpressionType::CONJUNCTION_AND) return;
        for (const auto& child : filter.Cast<duckdb::BoundConjunctionExpression>().children) Narrow(*child);
        return;
      }
      default: return;
    }
  }

 private:
  bool IsKey(const Expression& expression) const {
    if (expression.GetExpressionClass() != duckdb::ExpressionClass::BOUND_COLUMN_REF) return false;
    const auto& reference = expression.Cast<duckdb::BoundColumnRefExpression>();
    return reference.binding.table_index == get_.table_index &&
           get_.GetColumnIds()[reference.binding.column_index].GetPrimaryIndex() == *data_.key_column;
  }

  // The other side in the key's own type. Other types are left to the engine's comparison.
  std::optional<KeyBound> Bound(const Expression& expression) const {
    if (expression.return_type != type_) return std::nullopt;
    if (expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_PARAMETER) {
      return KeyBound{.constant = {}, .parameter = expression.Cast<duckdb::BoundParameterExpression>().parameter_data};
    }
    if (expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_CONSTANT) {
      auto key = KeyOf(expression.Cast<duckdb::BoundConstantExpression>().value);
      if (!key) return std::nullopt;
      return KeyBound{.constant = *std::move(key)};
    }
    // The same for every row, so it may be computed once more, before the first.
    if (!expression.IsScalar() || expression.IsVolatile() || expression.HasSubquery()) return std::nullopt;
    return KeyBound{.constant = {}, .computed = std::shared_ptr<const Expression>(expression.Copy().release())};
  }

  void Compare(ExpressionType type, const Expression& other) {
    auto bound = Bound(other);
    if (!bound) return;
    switch (type) {
      case ExpressionType::COMPARE_EQUAL:
        data_.lower.push_back(*bound);
        data_.upper.push_back(*std::move(bound));
        return;
      // Strict bounds keep their own key: the engine drops it.
      case ExpressionType::COMPARE_GREATERTHAN:
      case ExpressionType::COMPARE_GREATERTHANOREQUALTO: data_.lower.push_back(*std::move(bound)); return;
      case ExpressionType::COMPARE_LESSTHAN:
      case ExpressionType::COMPARE_LESSTHANOREQUALTO: data_.upper.push_back(*std::move(bound)); return;
      default: return;
    }
  }

  void In(const duckdb::BoundOperatorExpression& list) {
    std::vector<KeyBound> points;
    for (std::size_t i = 1; i < list.children.size(); ++i) {
      auto bound = Bound(*list.children[i]);
      if (!bound) return;
      points.push_back(*std::move(bound));
    }
    data_.points.push_back(std::move(points));
  }

  const LogicalGet& get_;
  const duckdb::LogicalType type_;
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
  if (!data.key_column) return;
  KeyPushdown pushdown(get, data);
  for (const auto& filter : filters) pushdown.Narrow(*filter);
}

// --- the values of a run

// A bound's value in this run; nullopt inside: NULL, which no key equals. nullopt outside: computing it fails, which is
// the engine's to report, if there is a row to compare.
std::optional<std::optional<Value>> ValueOf(ClientContext& context, const KeyBound& bound) {
  if (bound.parameter) return KeyOf(bound.parameter->GetValue());
  if (!bound.computed) return bound.constant;
  duckdb::Value value;
  if (!duckdb::ExpressionExecutor::TryEvaluateScalar(context, *bound.computed, value)) return std::nullopt;
  return KeyOf(value);
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
std::optional<std::vector<Value>> PointsOf(ClientContext& context, const std::vector<KeyBound>& list) {
  std::vector<Value> points;
  for (const KeyBound& bound : list) {
    auto value = ValueOf(context, bound);
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
  for (const KeyBound& bound : data.lower) {
    auto value = ValueOf(context, bound);
    if (!value) continue;
    if (!*value) return Nothing();
    if (!keys.lower || Less(*keys.lower, **value)) keys.lower = *std::move(value);
  }
  for (const KeyBound& bound : data.upper) {
    auto value = ValueOf(context, bound);
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
  const KeyRange keys = KeysOf(context, data);
  const MemoryBudget::Pause pause;
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
