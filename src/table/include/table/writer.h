#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cold/cold_rows.h"
#include "kv/store.h"
#include "model/ids.h"
#include "model/table_def.h"
#include "table/change_log.h"
#include "table/change_recording.h"
#include "table/committer.h"

namespace kalam::table {

// How a write ended. Every outcome, also a failed check or zero rows, was decided on the latest state,
// which may not be durable yet: the answer may leave only when `durable_after` is (WhenDurable), or a
// crash could make it a lie.
struct WriteReceipt {
  Status status{};             // kConstraint duplicate key, kConflict, kNotFound dropped, kIo, ...
  bool would_block = false;  // Blocking::kNever only: nothing was done, run it again on a worker
  std::uint64_t affected_rows = 0;
  Seq durable_after{};  // Seq(0): nothing to wait for
};

// One row of a statement. `key` is the primary key in key form (AppendPrimaryKey), `row` encoded with
// EncodeRow; a delete's row is the tombstone: deleted flag set, columns kept.
struct RowChange {
  ChangeOp op = ChangeOp::kInsert;
  std::string_view key;
  std::string_view row;
  // For kUpdate and kDelete: the seq of the version that `row` was computed from.
  Seq expected;
};

// One row of a transaction. What it borrows must outlive the call.
struct StagedChange {
  const TableDef* table = nullptr;
  std::string_view user;  // whose partition; empty for SHARED
  ChangeOp op = ChangeOp::kInsert;
  std::string_view key;
  std::string_view row;
  // The version that the transaction's snapshot has, also a tombstone; Seq(0): none.
  Seq base;
};

// What is stored together with a commit's rows, in kv::Family::kMeta: see RequestLog.
struct CommitNote {
  std::string key;
  std::string value;
};

// Decides, under the row's latch, what becomes of it. `latest` is the encoded newest version, also a
// tombstone, or empty when there is none. To write, fill `row` with the new version and return true; a
// row with the deleted flag is a delete. Return false to leave things as they are.
using MutateFn = std::function<Result<bool>(std::string_view latest, std::string& row)>;

// Writes to tables. Checks and read-modify-write look at the latest state, hot and cold, under latches (striped by
// key), which are held until the write has its place in the commit order, never over a sync. Thread-safe.
class Writer {
 public:
  // All must outlive it; without `cold` there are only hot rows.
  Writer(kv::Store& store, Committer& committer, const cold::ColdRows* cold = nullptr);
  ~Writer();

  // Applies all changes of one statement to one partition, or none.
  // - kInsert: no live row may have the key (a tombstone may). Else kConstraint, `duplicate key value
  //   violates primary key "<column>"`; two inserts of one key in a statement give the same.
  // - kUpdate, kDelete: the newest version must have seq `expected`, else kConflict: the caller computes
  //   the statement again from a newer snapshot. A key may have one of them at most.
  // Updates and deletes are applied before inserts, so a statement that moves keys (a kDelete of the old and
  // a kInsert of the new key per row) may move them onto each other.
  // `affected_rows` is the number of changes. `note`, if given, is stored with them.
  WriteReceipt Apply(const TableDef& table, const UserId& user, std::span<const RowChange> changes,
                     Blocking blocking, const CommitNote* note = nullptr);

  // Commits a transaction: all changes, over several tables, as one contiguous commit in their order, or none.
  // The newest version of each row must have seq `base`, else kConflict: the first committer won. A key may
  // come once. Also kConflict when one of the tables was dropped meanwhile.
  WriteReceipt ApplyAll(std::span<const StagedChange> changes, const CommitNote* note = nullptr);

  // Removes hot rows that a published segment holds: each only if it is still the version with the given seq. Says
  // nothing to anybody and leaves the log alone. Not synced: rows that come back after a crash are the same as the
  // segment's. `rows`: at least one, ascending by key. Errors: kNotFound when the table was dropped.
  struct FlushedRow {
    std::string key;  // primary key, key form
    Seq seq;
  };
  Status RemoveFlushed(const TableDef& table, const UserId& user, std::span<const FlushedRow> rows);

  // The same for the rows that the partition had when the recording began, without a look at each of them: those whose
  // keys were written since stay. Takes no latches, holds writers up for some microseconds, and returns how many of
  // `rows` it has dealt with: go on with the rest. Errors: kUnavailable when too many keys were written since to
  // know them: use the above.
  Result<std::size_t> RemoveFlushed(const TableDef& table, const UserId& user, const ChangeRecording& recording,
                                    std::span<const FlushedRow> rows);

  // Reads, decides and writes one row. The function may run more than once and must not block.
  WriteReceipt Mutate(const TableDef& table, const UserId& user, std::string_view key,
                      const MutateFn& decide, Blocking blocking);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kalam::table
