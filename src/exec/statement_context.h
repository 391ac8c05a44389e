#pragma once

#include <algorithm>

#include "exec/executor.h"
#include "query/row_batch.h"
#include "sql/statement.h"
#include "statement_resolver.h"

namespace kalam::exec {

// One statement at hand: what its handler needs, and what it leaves behind. Lives for one call.
struct StatementContext {
  const Services& services;
  const ExecutorOptions& options;
  const auth::Identity& who;
  std::span<const Datum> params;
  duck::Cancellation* cancellation;  // null on an event loop
  wire::SqlResponseWriter& response;
  std::chrono::steady_clock::time_point deadline;
  TimestampMicros now;

  // Raised by each write, also by one that failed.
  Seq durable_after;

  void Observe(Seq seq) { durable_after = std::max(durable_after, seq); }

  // The published state, which contains what this request wrote before.
  Result<table::DurableSnapshotPtr> Snapshot() {
    if (durable_after != Seq()) KALAM_TRY(services.committer.WaitDurable(durable_after));
    return services.committer.Snapshot();
  }

  query::RowContext row_context() const {
    return {now, who.user_id.text(), [this] { return services.committer.NextId(); }};
  }

  duck::QueryContext query_context(duck::Resolver& resolver) const {
    return duck::QueryContext{
        .resolver = resolver,
        .params = params,
        .current_user = who.user_id.text(),
        .now = now,
        .reserve_ids =
            [this](std::uint32_t count) {
              return services.committer.ReserveIds(count, table::Blocking::kAllowed);
            },
        .advance_id = [this](Seq first, std::uint32_t by) { return services.committer.AdvanceId(first, by); },
        .deadline = deadline,
        .cancellation = cancellation};
  }
};

// Whose rows of the table the caller works on.
inline UserId PartitionOf(const TableDef& table, const auth::Identity& who) {
  return table.kind == TableKind::kUser ? who.user_id : UserId();
}

// `1 row inserted.`, `2 rows inserted.`
inline std::string RowsMessage(std::uint64_t rows, std::string_view verb) {
  return std::to_string(rows) + (rows == 1 ? " row " : " rows ") + std::string(verb) + ".";
}

// Handlers, one per kind of statement. Each appends exactly one result on success.
Status RunKalamStatement(const sql::KalamStatement& statement, StatementContext& context);
Status RunSelect(duck::ParsedStatement statement, StatementContext& context);
Status RunInsert(duck::ParsedStatement statement, StatementContext& context);
// These compute their rows from a snapshot and run again when another writer was faster; `sql` is parsed anew.
Status RunUpdate(std::string_view sql, StatementContext& context);
Status RunDelete(std::string_view sql, StatementContext& context);

}  // namespace kalam::exec
