#include "segment_scan.h"

#include "datum_vector.h"
#include "types.h"

#include <duckdb/catalog/catalog.hpp>
#include <duckdb/catalog/catalog_entry/table_function_catalog_entry.hpp>
#include <duckdb/execution/execution_context.hpp>
#include <duckdb/parallel/thread_context.hpp>
#include <duckdb/parser/tableref/table_function_ref.hpp>
#include <duckdb/planner/filter/conjunction_filter.hpp>
#include <duckdb/planner/filter/constant_filter.hpp>
#include <duckdb/planner/filter/in_filter.hpp>
#include <duckdb/planner/filter/optional_filter.hpp>

namespace kalam::duck {
namespace {

using duckdb::Value;

// Above this many keys a list filter costs more per row than it saves.
constexpr std::size_t kMaxListedKeys = 64;

const duckdb::TableFunction& ParquetScanFunction(duckdb::ClientContext& context) {
  auto& catalog = duckdb::Catalog::GetSystemCatalog(context);
  auto& entry =
      catalog.GetEntry<duckdb::TableFunctionCatalogEntry>(context, DEFAULT_SCHEMA, "parquet_scan");
  for (const auto& function : entry.functions.functions) {
    if (function.arguments.size() == 1 &&
        function.arguments[0].id() == duckdb::LogicalTypeId::VARCHAR)
      return function;
  }
  throw duckdb::InternalException("the engine has no parquet_scan");
}

duckdb::LogicalType FileType(DataType type) {
  return type == DataType::kJson ? duckdb::LogicalType::VARCHAR : ToLogicalType(type);
}

// A default as text, which is what parquet_scan takes.
Value DefaultText(const SegmentColumn& column) {
  if (!column.default_value || column.default_value->view().is_null())
    return Value(duckdb::LogicalType::VARCHAR);
  duckdb::Vector vector(FileType(column.type), 1);
  WriteDatum(vector, 0, column.type, column.default_value->view());
  return vector.GetValue(0).DefaultCastAs(duckdb::LogicalType::VARCHAR);
}

// parquet_scan's `schema`: {field id: {name, type, default_value}}.
Value SchemaOf(const std::vector<SegmentColumn>& columns) {
  const auto entry_type =
      duckdb::LogicalType::STRUCT({{"name", duckdb::LogicalType::VARCHAR},
                                   {"type", duckdb::LogicalType::VARCHAR},
                                   {"default_value", duckdb::LogicalType::VARCHAR}});
  duckdb::vector<Value> keys, values;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const SegmentColumn& column = columns[i];
    keys.push_back(Value::INTEGER(column.field_id));
    // Numbered names: two columns may differ in case only.
    values.push_back(Value::STRUCT({{"name", Value("c" + std::to_string(i))},
                                    {"type", Value(FileType(column.type).ToString())},
                                    {"default_value", DefaultText(column)}}));
  }
  return Value::MAP(duckdb::LogicalType::INTEGER, entry_type, std::move(keys), std::move(values));
}

void AddBound(duckdb::ConjunctionAndFilter& filter, duckdb::ExpressionType comparison,
              const kalam::Value& bound) {
  filter.child_filters.push_back(
      duckdb::make_uniq<duckdb::ConstantFilter>(comparison, ToDuckValue(bound.view())));
}

duckdb::unique_ptr<duckdb::TableFilter> FilterOf(const KeyRange& keys) {
  auto filter = duckdb::make_uniq<duckdb::ConjunctionAndFilter>();
  if (keys.lower)
    AddBound(*filter, duckdb::ExpressionType::COMPARE_GREATERTHANOREQUALTO, *keys.lower);
  if (keys.upper) AddBound(*filter, duckdb::ExpressionType::COMPARE_LESSTHANOREQUALTO, *keys.upper);
  if (keys.points && !keys.points->empty()) {
    AddBound(*filter, duckdb::ExpressionType::COMPARE_GREATERTHANOREQUALTO, keys.points->front());
    AddBound(*filter, duckdb::ExpressionType::COMPARE_LESSTHANOREQUALTO, keys.points->back());
    if (keys.points->size() > 1 && keys.points->size() <= kMaxListedKeys) {
      duckdb::vector<Value> list;
      for (const auto& point : *keys.points) list.push_back(ToDuckValue(point.view()));
      // A hint for row groups only: between them, the query's own WHERE decides.
      filter->child_filters.push_back(duckdb::make_uniq<duckdb::OptionalFilter>(
          duckdb::make_uniq<duckdb::InFilter>(std::move(list))));
    }
  }
  if (filter->child_filters.empty()) return nullptr;
  return filter;
}

}  // namespace

struct SegmentScan::Impl {
  Impl(duckdb::ClientContext& client, duckdb::TableFunction scan_function)
      : context(client),
        thread(client),
        execution(client, thread, nullptr),
        function(std::move(scan_function)) {}

  duckdb::ClientContext& context;
  duckdb::ThreadContext thread;
  duckdb::ExecutionContext execution;
  duckdb::TableFunction function;
  duckdb::unique_ptr<duckdb::FunctionData> bind;
  duckdb::TableFilterSet filters;
  duckdb::unique_ptr<duckdb::GlobalTableFunctionState> global;
  duckdb::unique_ptr<duckdb::LocalTableFunctionState> local;
};

SegmentScan::SegmentScan(duckdb::ClientContext& context, const std::string& path,
                         const std::vector<SegmentColumn>& columns,
                         std::optional<std::size_t> key_column, const KeyRange& keys,
                         const std::vector<Filter>& filters)
    : impl_(std::make_unique<Impl>(context, ParquetScanFunction(context))) {
  duckdb::vector<Value> inputs{Value(path)};
  duckdb::named_parameter_map_t parameters;
  if (!columns.empty()) parameters["schema"] = SchemaOf(columns);
  duckdb::vector<duckdb::LogicalType> input_types;
  duckdb::vector<std::string> input_names;
  const duckdb::TableFunctionRef reference;
  duckdb::TableFunctionBindInput bind_input(inputs, parameters, input_types, input_names, nullptr,
                                            nullptr, impl_->function, reference);
  duckdb::vector<duckdb::LogicalType> types;
  duckdb::vector<std::string> names;
  impl_->bind = impl_->function.bind(context, bind_input, types, names);

  duckdb::vector<duckdb::column_t> column_ids;
  for (std::size_t i = 0; i < columns.size(); ++i) column_ids.push_back(i);
  if (columns.empty()) {
    impl_->function.get_virtual_columns(context, impl_->bind.get());  // which this makes known to the reader
    column_ids.push_back(duckdb::COLUMN_IDENTIFIER_EMPTY);
  }
  if (key_column) {
    if (auto filter = FilterOf(keys)) impl_->filters.filters[*key_column] = std::move(filter);
  }
  for (const Filter& filter : filters) {
    auto& place = impl_->filters.filters[filter.column];
    if (!place) place = duckdb::make_uniq<duckdb::ConjunctionAndFilter>();
    place->Cast<duckdb::ConjunctionAndFilter>().child_filters.push_back(
        duckdb::make_uniq<duckdb::ConstantFilter>(filter.comparison, filter.value));
  }
  const duckdb::vector<duckdb::idx_t> projection;
  duckdb::TableFunctionInitInput init(impl_->bind.get(), column_ids, projection, &impl_->filters);
  impl_->global = impl_->function.init_global(context, init);
  impl_->local = impl_->function.init_local(impl_->execution, init, impl_->global.get());
}

SegmentScan::~SegmentScan() = default;

duckdb::vector<duckdb::LogicalType> SegmentScan::Types(const std::vector<SegmentColumn>& columns) {
  duckdb::vector<duckdb::LogicalType> types;
  for (const SegmentColumn& column : columns) types.push_back(ToLogicalType(column.type));
  if (types.empty()) types.push_back(duckdb::LogicalType::BOOLEAN);
  return types;
}

void SegmentScan::Next(duckdb::DataChunk& chunk) {
  chunk.Reset();
  if (!impl_->local) return;
  duckdb::TableFunctionInput input(impl_->bind.get(), impl_->local.get(), impl_->global.get());
  impl_->function.function(impl_->context, input, chunk);
}

}  // namespace kalam::duck
