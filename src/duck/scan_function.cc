#include "scan_function.h"

#include <algorithm>
#include <optional>

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

struct ScanBindData final : duckdb::TableFunctionData {
  std::shared_ptr<const ScanSource> source;
  KeyRange keys;

  duckdb::unique_ptr<duckdb::FunctionData> Copy() const override {
    auto copy = duckdb::make_uniq<ScanBindData>();
    copy->source = source;
    copy->keys = keys;
    return copy;
  }
  bool Equals(const FunctionData& other) const override { return this == &other; }
};

struct ScanState final : duckdb::GlobalTableFunctionState {
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
  data->source = QueryScope::Of(context).sources.at(input.inputs[0].GetValue<std::uint64_t>());
  for (const auto& column : data->source->columns()) {
    types.push_back(ToLogicalType(column.type));
    names.push_back(column.name);
  }
  return data;
}

duckdb::virtual_column_map_t VirtualColumns(ClientContext&, duckdb::optional_ptr<duckdb::FunctionData> bind) {
  const auto& source = *bind->Cast<ScanBindData>().source;
  duckdb::virtual_column_map_t columns;
  for (std::size_t i = 0; i < source.hidden_columns().size(); ++i) {
    const auto& column = source.hidden_columns()[i];
    columns.insert(
        {duckdb::VIRTUAL_COLUMN_START + i, duckdb::TableColumn(column.name, ToLogicalType(column.type))});
  }
  // What count(*) scans when it needs no column at all.
  columns.insert({duckdb::COLUMN_IDENTIFIER_EMPTY, duckdb::TableColumn("", duckdb::LogicalType::BOOLEAN)});
  return columns;
}

duckdb::unique_ptr<duckdb::NodeStatistics> Cardinality(ClientContext&, const duckdb::FunctionData* bind) {
  const auto& data = bind->Cast<ScanBindData>();
  if (data.keys.points) return duckdb::make_uniq<duckdb::NodeStatistics>(data.keys.points->size());
  const auto rows = data.source->estimated_rows();
  if (!rows) return duckdb::make_uniq<duckdb::NodeStatistics>();
  return duckdb::make_uniq<duckdb::NodeStatistics>(*rows);
}

// --- which keys can match

class KeyPushdown {
 public:
  KeyPushdown(const LogicalGet& get, const ScanSource& source, KeyRange& keys)
      : get_(get), key_column_(*source.key_column()), type_(source.columns()[key_column_].type), keys_(keys) {}

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
           get_.GetColumnIds()[reference.binding.column_index].GetPrimaryIndex() == key_column_;
  }

  // The constant in the key's own type. Other types are left to the engine's comparison.
  std::optional<Value> Constant(const Expression& expression) const {
    if (expression.GetExpressionClass() != duckdb::ExpressionClass::BOUND_CONSTANT) return std::nullopt;
    const auto& value = expression.Cast<duckdb::BoundConstantExpression>().value;
    if (value.IsNull() || value.type() != ToLogicalType(type_)) return std::nullopt;
    if (type_ == DataType::kBigInt) return Value(Datum::Int(value.GetValue<std::int64_t>()));
    if (type_ == DataType::kText) return Value(Datum::Text(duckdb::StringValue::Get(value)));
    return std::nullopt;
  }

  static bool Less(const Value& a, const Value& b) {
    const Datum x = a.view(), y = b.view();
    return x.kind() == Datum::Kind::kInt ? x.int_value() < y.int_value() : x.text() < y.text();
  }
  void RaiseLower(Value value) {
    if (!keys_.lower || Less(*keys_.lower, value)) keys_.lower = std::move(value);
  }
  void ReduceUpper(Value value) {
    if (!keys_.upper || Less(value, *keys_.upper)) keys_.upper = std::move(value);
  }

  void Compare(ExpressionType type, const Expression& other) {
    auto constant = Constant(other);
    if (!constant) return;
    switch (type) {
      case ExpressionType::COMPARE_EQUAL:
        RaiseLower(*constant);
        ReduceUpper(*std::move(constant));
        return;
      // Strict bounds keep their own key: the engine drops it.
      case ExpressionType::COMPARE_GREATERTHAN:
      case ExpressionType::COMPARE_GREATERTHANOREQUALTO: RaiseLower(*std::move(constant)); return;
      case ExpressionType::COMPARE_LESSTHAN:
      case ExpressionType::COMPARE_LESSTHANOREQUALTO: ReduceUpper(*std::move(constant)); return;
      default: return;
    }
  }

  void In(const duckdb::BoundOperatorExpression& list) {
    std::vector<Value> points;
    for (std::size_t i = 1; i < list.children.size(); ++i) {
      auto constant = Constant(*list.children[i]);
      if (!constant) return;
      points.push_back(*std::move(constant));
    }
    std::sort(points.begin(), points.end(), Less);
    points.erase(std::unique(points.begin(), points.end(),
                             [](const Value& a, const Value& b) { return a.view() == b.view(); }),
                 points.end());
    if (!keys_.points || points.size() < keys_.points->size()) keys_.points = std::move(points);
  }

  const LogicalGet& get_;
  const std::size_t key_column_;
  const DataType type_;
  KeyRange& keys_;
};

// Takes hints and leaves every filter where it is: the engine evaluates them all the same.
void PushdownFilters(ClientContext&, LogicalGet& get, duckdb::FunctionData* bind,
                     duckdb::vector<duckdb::unique_ptr<Expression>>& filters) {
  auto& data = bind->Cast<ScanBindData>();
  if (!data.source->key_column()) return;
  KeyPushdown pushdown(get, *data.source, data.keys);
  for (const auto& filter : filters) pushdown.Narrow(*filter);
}

// --- the scan

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> Init(ClientContext& context,
                                                          duckdb::TableFunctionInitInput& input) {
  const auto& data = input.bind_data->Cast<ScanBindData>();
  auto state = duckdb::make_uniq<ScanState>();
  const std::size_t visible = data.source->columns().size();
  for (const column_t id : input.column_ids) {
    if (id < visible) {
      state->columns.push_back(id);
      state->types.push_back(data.source->columns()[id].type);
    } else if (id >= duckdb::VIRTUAL_COLUMN_START &&
               id - duckdb::VIRTUAL_COLUMN_START < data.source->hidden_columns().size()) {
      const std::size_t hidden = id - duckdb::VIRTUAL_COLUMN_START;
      state->columns.push_back(visible + hidden);
      state->types.push_back(data.source->hidden_columns()[hidden].type);
    } else {
      state->columns.push_back(std::nullopt);
      state->types.push_back(DataType::kBigInt);
    }
  }
  auto cursor = data.source->Open(data.keys);
  if (!cursor.ok()) Throw(context, cursor.error());
  state->cursor = std::move(cursor).value();
  return state;
}

void Scan(ClientContext& context, duckdb::TableFunctionInput& input, duckdb::DataChunk& output) {
  auto& state = input.global_state->Cast<ScanState>();
  idx_t rows = 0;
  for (; rows < STANDARD_VECTOR_SIZE; ++rows) {
    const auto more = state.cursor->Next();
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

}  // namespace

void RegisterScanFunction(duckdb::ExtensionLoader& loader) {
  duckdb::TableFunction function(std::string(kScanFunction), {duckdb::LogicalType::UBIGINT}, Scan, Bind, Init);
  function.projection_pushdown = true;
  function.filter_pushdown = false;
  function.pushdown_complex_filter = PushdownFilters;
  function.get_virtual_columns = VirtualColumns;
  function.cardinality = Cardinality;
  loader.RegisterFunction(function);
}

}  // namespace kalam::duck
