#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "duck/scan_source.h"
#include "model/ids.h"
#include "model/table_def.h"
#include "table/committer.h"
#include "table/reader.h"
#include "table/staged_rows.h"
#include "table/stream_store.h"

namespace kalam::query {

using SharedColumns = std::shared_ptr<const std::vector<duck::ScanColumn>>;

// One partition of a USER or SHARED table at one durable snapshot. `user` is empty for SHARED. Columns:
// the declared ones, `_updated`, `_deleted`; hidden: `_seq`. Soft-deleted rows are left out unless asked for.
// `staged`, if given, are the rows of a transaction, seen in place of the snapshot's; they must outlive the source
// and stay as they are while it is read. `columns`, if given, are VisibleColumns(*table), made before.
std::shared_ptr<const duck::ScanSource> MakeHotSource(const table::Reader& reader, TableDefPtr table, UserId user,
                                                      table::DurableSnapshotPtr snapshot, bool include_deleted,
                                                      const table::StagedRows* staged = nullptr,
                                                      SharedColumns columns = nullptr);

// Rows about to be written, encoded, in the given order: the columns of the table, but no `_seq`, which they don't have
// yet. They must outlive the source.
std::shared_ptr<const duck::ScanSource> MakeUnwrittenSource(TableDefPtr table, std::vector<std::string_view> rows);

// The rows in the way of an INSERT ... ON CONFLICT DO UPDATE, each with its proposal: the columns of the table, then
// those of the proposal under their names of duck::ExcludedColumn. Both lists have the same length and must
// outlive the source.
std::shared_ptr<const duck::ScanSource> MakeConflictSource(TableDefPtr table, std::vector<std::string_view> in_the_way,
                                                           std::vector<std::string_view> proposed);

// The live rows of a STREAM table. `upto`, if given, gets the seq of the last change that they show.
std::shared_ptr<const duck::ScanSource> MakeStreamSource(const table::StreamStore& streams, TableDefPtr table,
                                                         Seq* upto = nullptr);

// The columns of `SELECT *` over a table.
std::vector<duck::ScanColumn> VisibleColumns(const TableDef& table);

}  // namespace kalam::query
