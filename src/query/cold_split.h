#pragma once

#include "base/result.h"
#include "duck/cold_part.h"
#include "model/ids.h"
#include "model/table_def.h"
#include "table/committer.h"
#include "table/reader.h"

#include <memory>
#include <optional>
#include <vector>

namespace kalam::query {

// The cold rows of a partition as files for the engine to read itself: the segments that may have rows within the
// bounds, which are those of `wanted`, and of what else it says; perhaps none of them. `deleted_column` and `hidden`
// are the caller's to fill. Null: the partition has none within the bounds, or one of them has a column whose type was
// changed since, so that rows must be converted one by one. What it gives borrows from `reader`.
Result<std::shared_ptr<duck::ColdPart>> ColdPartOf(const table::Reader& reader,
                                                   const TableDef& table, const UserId& user,
                                                   const table::DurableSnapshot& snapshot,
                                                   const table::ScanBounds& bounds,
                                                   const duck::KeyRange& wanted);

}  // namespace kalam::query
