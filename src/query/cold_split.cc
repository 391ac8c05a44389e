#include "cold_split.h"

#include "cold/segment_columns.h"
#include "duck/segment_engine.h"
#include "model/key_codec.h"

#include <algorithm>
#include <string>

namespace kalam::query {
namespace {

// Rows of that version differ from today's by columns only that were added, dropped or renamed.
bool ReadsAsItIs(const TableDef& table, int schema_version) {
  if (schema_version == table.schema_version) return true;
  if (schema_version < 1 || static_cast<std::size_t>(schema_version) > table.upgrades.size()) return false;
  const auto& sources = table.upgrades[static_cast<std::size_t>(schema_version) - 1].sources;
  return std::ranges::all_of(sources, [](const RowUpgrade::Source& source) { return source.types.empty(); });
}

std::vector<duck::SegmentColumn> ColumnsOf(const TableDef& table) {
  std::vector<duck::SegmentColumn> columns;
  for (const ColumnDef& column : table.columns) {
    columns.push_back({static_cast<std::int32_t>(column.id), column.type, column.initial});
  }
  columns.push_back({cold::kUpdatedFieldId, DataType::kTimestamp});
  columns.push_back({cold::kDeletedFieldId, DataType::kBoolean});
  columns.push_back({cold::kSeqFieldId, DataType::kBigInt});
  return columns;
}

bool MayHaveAny(const cold::Manifest::Entry& entry, const std::vector<std::string>& keys) {
  return std::ranges::any_of(keys, [&](const std::string& key) { return entry.MayContain(key); });
}

// False: certainly no row of the segment has such values.
bool MayHave(const cold::Segment& segment, const std::vector<duck::SegmentColumn>& columns,
             const std::vector<duck::ColumnRange>& ranges) {
  const auto outside = [&](const duck::ColumnRange& range) {
    const std::int32_t id = columns[range.column].field_id;
    const auto extent = std::ranges::find(segment.extents, id, &cold::ColumnExtent::field_id);
    if (extent == segment.extents.end()) return false;
    const auto number = [](const std::optional<Value>& bound) {
      const bool is_number = bound && bound->view().kind() == Datum::Kind::kInt;
      return is_number ? std::optional(bound->view().int_value()) : std::nullopt;
    };
    const auto lower = number(range.lower), upper = number(range.upper);
    return (lower && extent->max < *lower) || (upper && extent->min > *upper);
  };
  return std::ranges::none_of(ranges, outside);
}

}  // namespace

Result<std::shared_ptr<duck::ColdPart>> ColdPartOf(const table::Reader& reader, const TableDef& table,
                                                   const UserId& user, const table::DurableSnapshot& snapshot,
                                                   const table::ScanBounds& bounds,
                                                   const duck::KeyRange& wanted) {
  const auto& points = wanted.points;
  const cold::ColdRows* cold = reader.cold();
  if (cold == nullptr) return std::shared_ptr<duck::ColdPart>();
  KALAM_TRY_ASSIGN(const auto manifest, cold->manifests().Load(table.id, user.text(), snapshot.view_ptr()));
  if (manifest->empty()) return std::shared_ptr<duck::ColdPart>();
  std::vector<std::string> keys;
  if (points) {
    for (const Value& point : *points) AppendPrimaryKey(keys.emplace_back(), point.view());
  }
  auto part = std::make_shared<duck::ColdPart>();
  part->columns = ColumnsOf(table);
  bool as_they_are = true;
  bool left_out = false;  // files that a walk over all rows within the bounds would read
  manifest->ForEachWithin(bounds.lower, bounds.upper, [&](const cold::Manifest::Entry& entry) {
    const cold::Segment& segment = entry.segment;
    if (points && !MayHaveAny(entry, keys)) return;
    if (!ReadsAsItIs(table, segment.schema_version)) {
      as_they_are = false;
      return;
    }
    if (!MayHave(segment, part->columns, wanted.columns)) {
      left_out = true;
      return;
    }
    part->segments.push_back({.open = [cold, manifest, &segment]() -> Result<duck::ColdFile> {
                                KALAM_TRY_ASSIGN(auto file, cold->files().Get(segment));
                                std::string path = file->path();
                                return duck::ColdFile{std::move(path), std::move(file)};
                              },
                              .hidden = entry.hidden,
                              .has_tombstones = segment.tombstones > 0});
  });
  if (!as_they_are || (part->segments.empty() && !left_out)) return std::shared_ptr<duck::ColdPart>();
  part->engine = &cold->engine();
  part->key_column = table.primary_key;
  return part;
}

}  // namespace kalam::query
