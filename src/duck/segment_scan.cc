#include "segment_scan.h"

#include "datum_vector.h"
#include "types.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <duckdb/catalog/catalog.hpp>
#include <duckdb/catalog/catalog_entry/table_function_catalog_entry.hpp>
#include <duckdb/common/multi_file/multi_file_list.hpp>
#include <duckdb/common/multi_file/multi_file_states.hpp>
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
  // Decides about row groups, not about rows.
  if (keys.whole_groups) return duckdb::make_uniq<duckdb::OptionalFilter>(std::move(filter));
  return filter;
}

bool Same(const SegmentColumn& a, const SegmentColumn& b) {
  const auto default_of = [](const SegmentColumn& column) {
    return column.default_value ? column.default_value->view() : Datum::Null();
  };
  return a.field_id == b.field_id && a.type == b.type && default_of(a) == default_of(b);
}

// What a connection keeps from scan to scan: binding the same columns again would parse the name of each type as SQL,
// a tenth of what a read of one row takes. Binds know nothing of the file but its path.
struct KeptBinds final : duckdb::ClientContextState {
  static constexpr const char* kName = "kalam_kept_binds";
  static constexpr std::size_t kMost = 8;

  static KeptBinds& Of(duckdb::ClientContext& context) {
    auto kept = context.registered_state->GetOrCreate<KeptBinds>(kName);
    if (!kept->function) kept->function.emplace(ParquetScanFunction(context));
    return *kept;
  }

  // For one scan, which gives it back; null: it has to be made.
  duckdb::unique_ptr<duckdb::FunctionData> Take(const std::vector<SegmentColumn>& columns) {
    const auto found = std::ranges::find_if(
        binds, [&](const auto& kept) { return std::ranges::equal(kept.first, columns, Same); });
    if (found == binds.end()) return nullptr;
    auto bind = std::move(found->second);
    binds.erase(found);
    return bind;
  }
  void Keep(std::vector<SegmentColumn> columns, duckdb::unique_ptr<duckdb::FunctionData> bind) {
    if (binds.size() == kMost) binds.erase(binds.begin());
    binds.emplace_back(std::move(columns), std::move(bind));
  }

  std::optional<duckdb::TableFunction> function;
  std::vector<std::pair<std::vector<SegmentColumn>, duckdb::unique_ptr<duckdb::FunctionData>>> binds;  // latest last
};

void PointTo(const std::string& path, duckdb::FunctionData& data) {
  auto& bind = data.Cast<duckdb::MultiFileBindData>();
  duckdb::vector<duckdb::OpenFileInfo> files;
  files.emplace_back(path);
  bind.file_list = duckdb::make_shared_ptr<duckdb::SimpleMultiFileList>(std::move(files));
  bind.initial_reader.reset();
}

duckdb::unique_ptr<duckdb::FunctionData> BindNew(duckdb::ClientContext& context, duckdb::TableFunction& function,
                                                 const std::string& path,
                                                 const std::vector<SegmentColumn>& columns) {
  duckdb::vector<Value> inputs{Value(path)};
  duckdb::named_parameter_map_t parameters;
  if (!columns.empty()) parameters["schema"] = SchemaOf(columns);
  duckdb::vector<duckdb::LogicalType> input_types;
  duckdb::vector<std::string> input_names;
  const duckdb::TableFunctionRef reference;
  duckdb::TableFunctionBindInput bind_input(inputs, parameters, input_types, input_names, nullptr, nullptr, function,
                                            reference);
  duckdb::vector<duckdb::LogicalType> types;
  duckdb::vector<std::string> names;
  return function.bind(context, bind_input, types, names);
}

}  // namespace

struct SegmentScan::Impl {
  Impl(duckdb::ClientContext& client, KeptBinds& kept_binds, std::vector<SegmentColumn> scan_columns)
      : context(client),
        kept(kept_binds),
        columns(std::move(scan_columns)),
        thread(client),
        execution(client, thread, nullptr),
        function(*kept.function) {}

  duckdb::ClientContext& context;
  KeptBinds& kept;
  const std::vector<SegmentColumn> columns;
  duckdb::ThreadContext thread;
  duckdb::ExecutionContext execution;
  duckdb::TableFunction& function;
  duckdb::unique_ptr<duckdb::FunctionData> bind;
  duckdb::TableFilterSet filters;
  duckdb::unique_ptr<duckdb::GlobalTableFunctionState> global;
  duckdb::unique_ptr<duckdb::LocalTableFunctionState> local;
};

SegmentScan::SegmentScan(duckdb::ClientContext& context, const std::string& path,
                         const std::vector<SegmentColumn>& columns,
                         std::optional<std::size_t> key_column, const KeyRange& keys,
                         const std::vector<Filter>& filters)
    : impl_(std::make_unique<Impl>(context, KeptBinds::Of(context), columns)) {
  if (!columns.empty()) impl_->bind = impl_->kept.Take(columns);
  if (impl_->bind) {
    PointTo(path, *impl_->bind);
  } else {
    impl_->bind = BindNew(context, impl_->function, path, columns);
  }

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

SegmentScan::~SegmentScan() {
  impl_->local.reset();
  impl_->global.reset();
  if (!impl_->columns.empty()) impl_->kept.Keep(impl_->columns, std::move(impl_->bind));
}

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
