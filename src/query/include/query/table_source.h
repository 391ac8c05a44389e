#pragma once

#include <cstdint>
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

// One partition of a USER or SHARED table at one durable snapshot. `user` is empty for SHARED. Columns:
// the declared ones, `_updated`, `_deleted`; hidden: `_seq`. Soft-deleted rows are left out unless asked for.
// `staged`, if given, are the rows of a transaction, seen in place of the snapshot's; they must outlive the source
// and stay as they are while it is read.
std::shared_ptr<const duck::ScanSource> MakeHotSource(const table::Reader& reader, TableDefPtr table, UserId user,
                                                      table::DurableSnapshotPtr snapshot, bool include_deleted,
                                                      const table::StagedRows* staged = nullptr);

// Rows not written yet have no `_seq` to show.
enum class SeqKnown : std::uint8_t { kNo, kYes };

// Rows at hand, encoded, in the given order: the same columns as those of the table. They must outlive the source.
std::shared_ptr<const duck::ScanSource> MakeEncodedRowsSource(TableDefPtr table, std::vector<std::string_view> rows,
                                                              SeqKnown seq);

// The live rows of a STREAM table.
std::shared_ptr<const duck::ScanSource> MakeStreamSource(const table::StreamStore& streams, TableDefPtr table);

// The columns of `SELECT *` over a table.
std::vector<duck::ScanColumn> VisibleColumns(const TableDef& table);

}  // namespace kalam::query
