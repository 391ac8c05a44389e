#pragma once

#include <memory>

#include "duck/scan_source.h"
#include "model/ids.h"
#include "model/table_def.h"
#include "table/committer.h"
#include "table/reader.h"
#include "table/stream_store.h"

namespace kalam::query {

// One partition of a USER or SHARED table at one durable snapshot. `user` is empty for SHARED. Columns:
// the declared ones, `_updated`, `_deleted`; hidden: `_seq`. Soft-deleted rows are left out unless asked for.
std::shared_ptr<const duck::ScanSource> MakeHotSource(const table::Reader& reader, TableDefPtr table, UserId user,
                                                      table::DurableSnapshotPtr snapshot, bool include_deleted);

// The live rows of a STREAM table.
std::shared_ptr<const duck::ScanSource> MakeStreamSource(const table::StreamStore& streams, TableDefPtr table);

// The columns of `SELECT *` over a table.
std::vector<duck::ScanColumn> VisibleColumns(const TableDef& table);

}  // namespace kalam::query
