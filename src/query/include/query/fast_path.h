#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "duck/plan_cache.h"
#include "model/table_def.h"
#include "query/fast_statement.h"
#include "query/row_batch.h"
#include "table/committer.h"
#include "table/reader.h"
#include "table/stream_store.h"
#include "table/writer.h"
#include "wire/sql_response.h"

namespace kalam::query {

// How a fast statement went.
enum class FastOutcome : std::uint8_t {
  kDone,
  kNotFast,     // not for this path after all (a type to be cast, a column unknown): ask the engine
  kWouldBlock,  // Blocking::kNever: run it again on a worker
};

// Runs fast statements against one table, which the caller has looked up and authorized. Whatever the
// outcome but kDone, nothing was written, neither to the table nor to the answer. Thread-safe: the
// scratch memory is the caller's.
class FastPath {
 public:
  // Rows that an event loop reads for one statement at most; more go to a worker.
  static constexpr std::int64_t kMaxLoopRows = 1'000;

  FastPath(const table::Reader& reader, table::Writer& writer, table::StreamStore& streams, duck::PlanCache& plans)
      : reader_(reader), writer_(writer), streams_(streams), plans_(plans) {}

  // Notes that a statement of this shape ran, and says whether one did before: the `cache_hit` of this path, which
  // needs no plan. The shape is all but the values: kind, table and its schema version, columns, comparison, order.
  bool NoteShape(const FastStatement& statement, const TableDef& table) const;

  // `batch` is scratch. With kDone, `receipt` says how the write ended.
  Result<FastOutcome> Insert(const FastStatement& statement, const TableDef& table, const UserId& user,
                             const RowContext& context, table::Blocking blocking, RowBatch& batch,
                             table::WriteReceipt& receipt) const;

  // UPDATE and DELETE of the row with the given key.
  Result<FastOutcome> Change(const FastStatement& statement, const TableDef& table, const UserId& user,
                             const RowContext& context, table::Blocking blocking,
                             table::WriteReceipt& receipt) const;

  // Appends a whole result. Errors: kLimitExceeded, kCorruption, kIo; the open result is dropped by the
  // caller's Fail.
  Result<FastOutcome> Select(const FastStatement& statement, const TableDefPtr& table, const UserId& user,
                             const table::DurableSnapshotPtr& snapshot, table::Blocking blocking,
                             wire::SqlResponseWriter& response) const;

 private:
  const table::Reader& reader_;
  table::Writer& writer_;
  table::StreamStore& streams_;
  duck::PlanCache& plans_;
};

}  // namespace kalam::query
