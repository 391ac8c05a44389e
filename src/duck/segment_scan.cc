#include "segment_scan.h"

#include "datum_vector.h"
#include "row_groups.h"
#include "types.h"

#include <algorithm>
#include <utility>

#include <duckdb/planner/filter/conjunction_filter.hpp>
#include <duckdb/planner/filter/constant_filter.hpp>
#include <duckdb/planner/filter/expression_filter.hpp>
#include <parquet_reader.hpp>

namespace kalam::duck {
namespace {

using duckdb::ExpressionType;
using duckdb::idx_t;

duckdb::unique_ptr<duckdb::ParquetReader> OpenFile(duckdb::ClientContext& context, FooterCache& footers,
                                                   const std::string& path) {
  duckdb::ParquetOptions options;
  options.can_have_nan = true;  // which a row group's bounds do not tell
  const FileIdentity file = FileIdentity::Of(path);
  auto footer = footers.Find(path, file);
  const bool known = footer != nullptr;
  auto reader = duckdb::make_uniq<duckdb::ParquetReader>(context, duckdb::OpenFileInfo(path), std::move(options),
                                                         std::move(footer));
  if (!known) footers.Keep(path, file, reader->metadata, reader->metadata->footer_size);
  return reader;
}

void Add(duckdb::TableFilterSet& filters, idx_t column, duckdb::unique_ptr<duckdb::TableFilter> filter) {
  auto& place = filters.filters[column];
  if (!place) place = duckdb::make_uniq<duckdb::ConjunctionAndFilter>();
  place->Cast<duckdb::ConjunctionAndFilter>().child_filters.push_back(std::move(filter));
}

duckdb::unique_ptr<duckdb::TableFilter> MakeFilter(const SegmentScan::Filter& filter) {
  if (filter.expression) return duckdb::make_uniq<duckdb::ExpressionFilter>(filter.expression->Copy());
  return duckdb::make_uniq<duckdb::ConstantFilter>(filter.comparison, filter.value);
}

void AddBounds(duckdb::TableFilterSet& filters, idx_t column, const KeyRange& keys) {
  const auto add = [&](ExpressionType comparison, const Value& bound) {
    Add(filters, column, duckdb::make_uniq<duckdb::ConstantFilter>(comparison, ToDuckValue(bound.view())));
  };
  const auto at_least = [&](const Value& bound) { add(ExpressionType::COMPARE_GREATERTHANOREQUALTO, bound); };
  const auto at_most = [&](const Value& bound) { add(ExpressionType::COMPARE_LESSTHANOREQUALTO, bound); };
  if (keys.lower) at_least(*keys.lower);
  if (keys.upper) at_most(*keys.upper);
  if (keys.points && !keys.points->empty()) {
    at_least(keys.points->front());
    at_most(keys.points->back());
  }
}

}  // namespace

struct SegmentScan::Impl {
  // Where a column of the output comes from.
  struct Origin {
    std::optional<idx_t> read;  // the column that is read; nullopt: every row has the default
    bool cast = false;
    duckdb::Value default_value;
  };

  Impl(duckdb::ClientContext& client, FooterCache& footers, const std::string& path,
       const std::vector<SegmentColumn>& columns)
      : context(client), reader(OpenFile(client, footers, path)) {
    for (const SegmentColumn& column : columns) origins.push_back(Find(column));
    as_read = std::ranges::all_of(origins, [](const Origin& origin) { return origin.read && !origin.cast; });
  }

  Origin Find(const SegmentColumn& column) {
    const auto& in_file = reader->columns;
    const auto found = std::ranges::find_if(in_file, [&](const duckdb::MultiFileColumnDefinition& candidate) {
      return !candidate.identifier.IsNull() && candidate.GetIdentifierFieldId() == column.field_id;
    });
    Origin origin;
    if (found == in_file.end()) {
      duckdb::Vector value(ToLogicalType(column.type), 1);
      WriteDatum(value, 0, column.type, column.default_value ? column.default_value->view() : Datum::Null());
      origin.default_value = value.GetValue(0);
      return origin;
    }
    origin.cast = found->type != ToFileType(column.type);
    origin.read = reader->column_ids.size();
    const auto place = static_cast<idx_t>(found - in_file.begin());
    reader->column_ids.push_back(duckdb::MultiFileLocalColumnId(place));
    reader->column_indexes.emplace_back(place);
    read_types.push_back(found->type);
    return origin;
  }

  // The column that is read for one of the output, if it can be compared as it is.
  std::optional<idx_t> Comparable(std::size_t column) const {
    return origins[column].cast ? std::nullopt : origins[column].read;
  }

  // The reader's number of a column that is read, as row groups count.
  std::size_t InFile(idx_t read) const {
    const idx_t place = reader->column_ids[duckdb::MultiFileLocalIndex(read)].GetId();
    return reader->root_schema->children[place].column_index;
  }

  // The next rows as the file has them, as Next.
  bool Read(duckdb::DataChunk& chunk) {
    if (begun) reader->Scan(context, state, chunk);
    if (chunk.size() > 0) return true;
    if (groups.empty()) return false;
    BeginGroups();
    return true;
  }

  // Conditions leave rows of a column unread, and the engine's reader forgets that they are behind it only with a
  // scan of its own: it takes a group per scan then.
  void BeginGroups() {
    begun = true;
    if (!reader->filters) return reader->InitializeScan(context, state, std::exchange(groups, {}));
    reader->InitializeScan(context, state, {groups.front()});
    groups.erase(groups.begin());
  }

  void Convert(duckdb::DataChunk& chunk) {
    chunk.SetCardinality(as_in_file.size());
    for (std::size_t i = 0; i < origins.size(); ++i) {
      const Origin& origin = origins[i];
      if (!origin.read) {
        chunk.data[i].Reference(origin.default_value);
      } else if (origin.cast) {
        duckdb::VectorOperations::Cast(context, as_in_file.data[*origin.read], chunk.data[i], chunk.size());
      } else {
        chunk.data[i].Reinterpret(as_in_file.data[*origin.read]);
      }
    }
  }

  duckdb::ClientContext& context;
  const duckdb::unique_ptr<duckdb::ParquetReader> reader;
  std::vector<Origin> origins;  // by column of the output
  duckdb::vector<duckdb::LogicalType> read_types;
  bool as_read = false;          // the output has the columns that are read, and in their order
  duckdb::DataChunk as_in_file;  // else: these
  duckdb::vector<idx_t> groups;  // that are still to be read
  bool begun = false;
  duckdb::ParquetReaderScanState state;
};

SegmentScan::SegmentScan(duckdb::ClientContext& context, FooterCache& footers, const std::string& path,
                         const std::vector<SegmentColumn>& columns, std::optional<std::size_t> key_column,
                         const KeyRange& keys, const std::vector<Filter>& filters)
    : impl_(std::make_unique<Impl>(context, footers, path, columns)) {
  auto& reader = *impl_->reader;
  const auto key = key_column ? impl_->Comparable(*key_column) : std::nullopt;
  auto conditions = duckdb::make_uniq<duckdb::TableFilterSet>();
  if (key && !keys.whole_groups) AddBounds(*conditions, *key, keys);
  for (const Filter& filter : filters) {
    if (const auto read = impl_->Comparable(filter.column)) Add(*conditions, *read, MakeFilter(filter));
  }
  if (!conditions->filters.empty()) reader.filters = std::move(conditions);
  const auto& file = *reader.GetFileMetadata();
  impl_->groups = key ? RowGroupsWithin(file, impl_->InFile(*key), keys) : AllRowGroups(file);
}

SegmentScan::SegmentScan(SegmentScan&&) noexcept = default;
SegmentScan& SegmentScan::operator=(SegmentScan&&) noexcept = default;
SegmentScan::~SegmentScan() = default;

duckdb::vector<duckdb::LogicalType> SegmentScan::Types(const std::vector<SegmentColumn>& columns) {
  duckdb::vector<duckdb::LogicalType> types;
  for (const SegmentColumn& column : columns) types.push_back(ToLogicalType(column.type));
  if (types.empty()) types.push_back(duckdb::LogicalType::BOOLEAN);
  return types;
}

bool SegmentScan::Next(duckdb::DataChunk& chunk) {
  chunk.Reset();
  if (impl_->as_read) return impl_->Read(chunk);
  impl_->as_in_file.Destroy();
  impl_->as_in_file.Initialize(impl_->context, impl_->read_types);
  const bool more = impl_->Read(impl_->as_in_file);
  impl_->Convert(chunk);
  return more;
}

}  // namespace kalam::duck
