#include "cold/segment_columns.h"

#include <algorithm>
#include <cctype>
#include <unordered_set>

namespace kalam::cold {
namespace {

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

std::vector<duck::ParquetColumn> ColumnsToWrite(const TableDef& table) {
  std::vector<duck::ParquetColumn> columns;
  std::unordered_set<std::string> taken{std::string(kSeqColumn), std::string(kUpdatedColumn),
                                        std::string(kDeletedColumn)};
  for (const ColumnDef& column : table.columns) {
    std::string name = column.name;
    while (!taken.insert(Lower(name)).second) name += '_';
    columns.push_back({std::move(name), column.type, static_cast<std::int32_t>(column.id)});
  }
  columns.push_back({std::string(kSeqColumn), DataType::kBigInt, kSeqFieldId});
  columns.push_back({std::string(kUpdatedColumn), DataType::kTimestamp, kUpdatedFieldId});
  columns.push_back({std::string(kDeletedColumn), DataType::kBoolean, kDeletedFieldId});
  return columns;
}

Result<SegmentShape> ShapeOf(const TableDef& table, int schema_version) {
  SegmentShape shape;
  if (schema_version == table.schema_version) {
    shape.layout = &table.layout;
    for (const ColumnDef& column : table.columns) {
      shape.columns.push_back({static_cast<std::int32_t>(column.id), column.type});
    }
  } else if (schema_version > table.schema_version) {
    return Error(ErrorCode::kConflict,
                 "ERROR: table " + table.name.ToString() + " was altered meanwhile");
  } else if (schema_version < 1 ||
             static_cast<std::size_t>(schema_version) > table.upgrades.size()) {
    return Error(ErrorCode::kCorruption, "segment of an unknown schema version");
  } else {
    const auto version = static_cast<std::size_t>(schema_version) - 1;
    shape.layout = &table.upgrades[version].layout;
    for (const PastColumn& column : *table.past[version]) {
      shape.columns.push_back({static_cast<std::int32_t>(column.id), column.type});
    }
  }
  const auto key_id = static_cast<std::int32_t>(table.primary_key_column().id);
  const auto key = std::ranges::find(shape.columns, key_id, &duck::SegmentColumn::field_id);
  if (key == shape.columns.end())
    return Error(ErrorCode::kCorruption, "segment without the primary key");
  shape.key_column = static_cast<std::size_t>(key - shape.columns.begin());
  shape.columns.push_back({kSeqFieldId, DataType::kBigInt});
  shape.columns.push_back({kUpdatedFieldId, DataType::kTimestamp});
  shape.columns.push_back({kDeletedFieldId, DataType::kBoolean});
  return shape;
}

}  // namespace kalam::cold
