#pragma once

#include "base/result.h"
#include "duck/scan_source.h"
#include "duck/segment_engine.h"
#include "model/row_layout.h"
#include "model/table_def.h"

#include <cstddef>
#include <string>
#include <vector>

// How rows lie in a segment: the columns of one schema version, named by their ids, then `_seq`,
// `_updated` and
// `_deleted`.
namespace kalam::cold {

// Beyond the ids of declared columns.
inline constexpr std::int32_t kSeqFieldId = 0x7fff'0001;
inline constexpr std::int32_t kUpdatedFieldId = 0x7fff'0002;
inline constexpr std::int32_t kDeletedFieldId = 0x7fff'0003;

// The columns of a new segment, under today's names; two that differ in case only get different
// ones.
std::vector<duck::ParquetColumn> ColumnsToWrite(const TableDef& table);

// The columns of a segment of `schema_version`, and the layout of its rows. Errors: kConflict when
// the version is newer than `table`, kCorruption when there is no such version.
struct SegmentShape {
  const RowLayout* layout = nullptr;  // the table's, or of one of its upgrades
  std::vector<duck::SegmentColumn> columns;
  std::size_t key_column = 0;

  std::size_t seq_column() const { return columns.size() - 3; }
  std::size_t updated_column() const { return columns.size() - 2; }
  std::size_t deleted_column() const { return columns.size() - 1; }
};
Result<SegmentShape> ShapeOf(const TableDef& table, int schema_version);

}  // namespace kalam::cold
