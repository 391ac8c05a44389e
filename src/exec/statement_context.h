#pragma once

#include <algorithm>
#include <optional>

#include "exec/executor.h"
#include "query/row_batch.h"
#include "request_ledger.h"
#include "sql/statement.h"
#include "statement_resolver.h"
#include "transaction.h"
#include "turnstile.h"

namespace kalam::exec {

// One statement at hand: what its handler needs, and what it leaves behind. Lives for one call.
struct StatementContext {
  const Services& services;
  const ExecutorOptions& options;
  Turnstile& turnstile;
  const auth::Identity& who;
  std::span<const Datum> params;
  duck::Cancellation* cancellation;  // null on an event loop
  wire::SqlResponseWriter& response;
  std::chrono::steady_clock::time_point deadline;
  TimestampMicros now;

  // The request's, between BEGIN and COMMIT.
  std::optional<Transaction>& transaction;

  // Of a request with a request_id, else null.
  RequestLedger::Ticket* ticket;

  // Raised by each write, also by one that failed.
  Seq durable_after;

  std::string_view sql{};  // the statement's text
  // The request's Host header.
  std::string_view host = {};
  bool writes = false;     // it may have changed something; known once it is parsed
  // Whether the statement's rows came from a plan that was kept.
  bool cache_hit = false;

  void Observe(Seq seq) { durable_after = std::max(durable_after, seq); }

  // For handlers that walk many rows outside the engine: has the statement's time run out, has the client gone?
  Status CheckTime() const {
    if (cancellation != nullptr && cancellation->cancelled()) {
      return Error(ErrorCode::kCancelled, "ERROR: the client went away");
    }
    if (std::chrono::steady_clock::now() < deadline) return {};
    return Error(ErrorCode::kTimeout, "ERROR: statement took longer than limits.statement_timeout_seconds allows");
  }

  // What a statement that only reads sees: the published state, which contains what this request wrote before;
  // the transaction's inside one.
  Result<table::DurableSnapshotPtr> Snapshot() {
    if (transaction) return transaction->snapshot();
    if (durable_after != Seq()) KALAM_TRY(services.committer.WaitDurable(durable_after));
    return services.committer.Snapshot();
  }

  // What a statement that writes computes from: the newest state, or it would never catch up with a row that is
  // written all the time. Its answer waits until that is durable.
  table::DurableSnapshotPtr WriteSnapshot() {
    if (transaction) return transaction->snapshot();
    auto snapshot = services.committer.LatestSnapshot();
    Observe(snapshot->seq());
    return snapshot;
  }

  query::RowContext row_context() const {
    return {now, who.user_id.text(), [this] { return services.committer.NextId(); }};
  }

  duck::QueryContext query_context(duck::Resolver& resolver) {
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
        .cancellation = cancellation,
        .cache_hit = &cache_hit};
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
// `text` is that of `statement`.
Status RunInsert(duck::ParsedStatement statement, const duck::StatementText& text, StatementContext& context);
// These compute their rows from a snapshot and run again when another writer was faster; `text` is parsed anew, or
// its plan found.
Status RunUpdate(const duck::StatementText& text, StatementContext& context);
Status RunDelete(const duck::StatementText& text, StatementContext& context);

}  // namespace kalam::exec
