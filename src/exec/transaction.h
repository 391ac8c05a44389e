#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include "model/table_def.h"
#include "table/committer.h"
#include "table/reader.h"
#include "table/staged_rows.h"
#include "table/writer.h"

namespace kalam::catalog {
class Catalog;
}

namespace kalam::exec {

// BEGIN ... COMMIT of one request: the rows it wrote, kept in memory until all of them are committed at once.
//
// Everything it reads is the state at BEGIN with its own rows in place. COMMIT checks, under the latches of all
// rows written, that none of them has another version than at BEGIN: the first committer wins, the other gets
// kConflict and may run again. What it only read is not checked (snapshot isolation: write skew is possible).
//
// Not thread-safe; lives inside one request. Destroying it rolls back.
class Transaction {
 public:
  struct Bounds {
    std::size_t max_bytes;                           // of the staged rows (limits.transaction_memory)
    std::chrono::steady_clock::time_point deadline;  // limits.transaction_timeout_seconds after BEGIN
  };
  Transaction(const catalog::Catalog& catalog, const table::Reader& reader, table::Writer& writer,
              table::DurableSnapshotPtr snapshot, Bounds bounds)
      : catalog_(catalog), reader_(reader), writer_(writer), snapshot_(std::move(snapshot)), bounds_(bounds) {}

  const table::DurableSnapshotPtr& snapshot() const { return snapshot_; }
  // Of all its statements: the snapshot is not held for ever.
  std::chrono::steady_clock::time_point deadline() const { return bounds_.deadline; }

  // Its own rows of the table; null when there are none. Changed by Stage only.
  // Errors: kConflict when the table was altered since it wrote to it.
  Result<const table::StagedRows*> RowsOf(const TableDef& table) const;

  // The row with this key as the transaction sees it, tombstones included; empty when there is none. Valid until
  // the next Stage and as long as `scratch`.
  Result<std::string_view> Find(const TableDef& table, const UserId& user, std::string_view key,
                                table::FoundRow& scratch) const;

  // Takes over the changes of one statement, with the contract of Writer::Apply on the state that it sees. After
  // a failure some of them may be staged: the transaction must be given up.
  // Errors: kConstraint duplicate key, kConflict table altered, kLimitExceeded.
  Status Stage(const TableDefPtr& table, const UserId& user, std::span<const table::RowChange> changes);

  // Writes all rows, or none, with them `note`, if given. At most once.
  // Errors: kConflict a concurrent change of a row or table won; those of Writer.
  table::WriteReceipt Commit(const table::CommitNote* note);

 private:
  struct Part {
    TableDefPtr table;
    UserId user;
    table::StagedRows rows;
  };

  Status CheckTable(const TableDef& then) const;
  Status StageOne(Part& part, const table::RowChange& change);

  const catalog::Catalog& catalog_;
  const table::Reader& reader_;
  table::Writer& writer_;
  const table::DurableSnapshotPtr snapshot_;
  const Bounds bounds_;
  std::size_t bytes_ = 0;
  std::uint64_t next_order_ = 0;
  std::uint64_t next_seq_ = 0;  // provisional, above the snapshot's
  std::map<TableId, Part> parts_;  // one partition each: the request's user is always the same
};

}  // namespace kalam::exec
