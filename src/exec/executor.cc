#include "exec/executor.h"

#include <array>
#include <vector>

#include "base/log.h"
#include "query/fast_statement.h"
#include "sql/keyword.h"
#include "sql/lexer.h"
#include "sql/normalised_statement.h"
#include "sql/reserved_words.h"
#include "sql/secrets.h"
#include "sql/splitter.h"
#include "sql/statement.h"
#include "statement_context.h"
#include "system_dml.h"

namespace kalam::exec {
namespace {

using auth::Action;
using query::FastKind;
using query::FastOutcome;
using table::Blocking;

constexpr std::string_view kDefaultNamespace = "default";

// Statement texts in error details are cut here: a 10 MB statement is not sent back.
constexpr std::size_t kMaxDetailBytes = 1000;

// Scratch that each thread keeps, so that small statements allocate nothing.
struct FastScratch {
  query::FastStatement statement;
  query::RowBatch batch{std::size_t{64} << 20};
};

FastScratch& ThreadScratch() {
  thread_local FastScratch scratch;
  return scratch;
}

// Names fold to lower case; short ones without touching the heap.
class FoldedName {
 public:
  explicit FoldedName(std::string_view name) {
    if (name.size() > buffer_.size()) return;  // longer than any table's name: not found
    for (std::size_t i = 0; i < name.size(); ++i) {
      buffer_[i] = static_cast<char>(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
    }
    size_ = name.size();
  }
  std::string_view view() const { return {buffer_.data(), size_}; }

 private:
  std::array<char, 64> buffer_{};
  std::size_t size_ = 0;
};

TableDefPtr FindFastTable(const catalog::Catalog& catalog, const query::FastStatement& statement) {
  switch (statement.name_parts) {
    case 1: return catalog.FindTable(kDefaultNamespace, FoldedName(statement.name[0]).view());
    case 2: return catalog.FindTable(FoldedName(statement.name[0]).view(), FoldedName(statement.name[1]).view());
    default: return nullptr;  // ns.user.table: the general path
  }
}

Action ActionOf(FastKind kind) {
  switch (kind) {
    case FastKind::kInsert: return Action::kInsert;
    case FastKind::kSelect: return Action::kSelect;
    case FastKind::kUpdate: return Action::kUpdate;
    case FastKind::kDelete: return Action::kDelete;
  }
  return Action::kSelect;
}

// What the fast path came to, one level up: a statement's own failure is a result, too.
struct FastResult {
  FastOutcome outcome = FastOutcome::kNotFast;
  Status status;
};

// The table was altered since its definition was looked up: nothing was written.
bool IsOvertaken(const Status& status) { return !status.ok() && status.error().code() == ErrorCode::kConflict; }

FastResult RunFast(std::string_view sql, Blocking blocking, StatementContext& context) {
  FastScratch& scratch = ThreadScratch();
  query::FastStatement& statement = scratch.statement;
  if (!context.options.use_fast_path || !query::ParseFastStatement(sql, context.params, statement)) return {};
  if (statement.rows > context.options.limits.statement.max_values_rows) return {};
  const Services& services = context.services;
  const TableDefPtr table = FindFastTable(services.catalog, statement);
  if (!table) return {};
  if (Status allowed = AuthorizeTable(services.catalog, context.who, ActionOf(statement.kind), *table); !allowed.ok()) {
    return {FastOutcome::kDone, std::move(allowed)};
  }

  const query::FastPath fast(services.reader, services.writer, services.streams, services.engine.plan_cache());
  const UserId user = PartitionOf(*table, context.who);
  table::WriteReceipt receipt;
  const auto finish_write = [&](Result<FastOutcome> outcome, std::string_view verb) -> FastResult {
    if (!outcome.ok()) return {FastOutcome::kDone, std::move(outcome).error()};
    if (*outcome != FastOutcome::kDone) return {*outcome, {}};
    context.Observe(receipt.durable_after);
    if (receipt.status.ok()) {
      context.response.AddOutcome(static_cast<std::int64_t>(receipt.affected_rows),
                                  RowsMessage(receipt.affected_rows, verb), fast.NoteShape(statement, *table));
    }
    return {FastOutcome::kDone, std::move(receipt.status)};
  };
  switch (statement.kind) {
    case FastKind::kInsert:
      return finish_write(
          fast.Insert(statement, *table, user, context.row_context(), blocking, scratch.batch, receipt), "inserted");
    case FastKind::kUpdate:
      return finish_write(fast.Change(statement, *table, user, context.row_context(), blocking, receipt), "updated");
    case FastKind::kDelete:
      return finish_write(fast.Change(statement, *table, user, context.row_context(), blocking, receipt), "deleted");
    case FastKind::kSelect: break;
  }
  if (blocking == Blocking::kAllowed && context.durable_after != Seq()) {
    if (Status durable = services.committer.WaitDurable(context.durable_after); !durable.ok()) {
      return {FastOutcome::kDone, std::move(durable)};
    }
  }
  auto outcome = fast.Select(statement, table, user, services.committer.Snapshot(), blocking, context.response);
  if (!outcome.ok()) return {FastOutcome::kDone, std::move(outcome).error()};
  return {*outcome, {}};
}

bool IsOverdue(const std::optional<Transaction>& transaction) {
  return transaction && std::chrono::steady_clock::now() >= transaction->deadline();
}

Error TransactionTimedOut() {
  return Error(ErrorCode::kTimeout, "ERROR: transaction took longer than limits.transaction_timeout_seconds allows");
}

template <typename... Kinds>
bool IsOneOf(const sql::KalamStatement& statement) {
  return (std::holds_alternative<Kinds>(statement) || ...);
}

// What changes the catalog commits on its own and could not be rolled back.
Status CheckAllowedInTransaction(const sql::KalamStatement& statement, std::string_view sql) {
  const bool allowed = IsOneOf<sql::Begin, sql::Commit, sql::Rollback, sql::ShowNamespaces, sql::ShowTables,
                               sql::ShowTableStats, sql::DescribeTable>(statement);
  if (allowed) return {};
  std::string word(sql::Lexer(sql).Next().text);
  for (char& c : word) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return Error(ErrorCode::kUnsupported, "ERROR: " + word + " cannot run inside a transaction");
}

// Whether a statement of ours may change anything.
bool MayWrite(std::string_view sql) {
  switch (sql::KeywordOf(sql::Lexer(sql).Next())) {
    case sql::Keyword::kShow:
    case sql::Keyword::kDescribe:
    case sql::Keyword::kDesc:
    case sql::Keyword::kRollback: return false;
    default: return true;
  }
}

Status RunStandard(duck::ParsedStatement statement, const duck::StatementText& text, StatementContext& context) {
  context.writes =
      statement.kind() != duck::StatementKind::kSelect && statement.kind() != duck::StatementKind::kExplain;
  if (auto done = TryRunSystemDml(statement, text.sql, context)) return *std::move(done);
  switch (statement.kind()) {
    case duck::StatementKind::kSelect:
    case duck::StatementKind::kExplain: return RunSelect(std::move(statement), context);
    case duck::StatementKind::kInsert: return RunInsert(std::move(statement), text, context);
    case duck::StatementKind::kUpdate: return RunUpdate(text, context);
    case duck::StatementKind::kDelete: return RunDelete(text, context);
    case duck::StatementKind::kOther: break;
  }
  return sql::PermissionDenied(context.options.error_style, statement.other_name());
}

Status RunOnce(std::string_view sql, sql::StatementClass kind, StatementContext& context) {
  const ExecutorOptions& options = context.options;
  if (IsOverdue(context.transaction)) return TransactionTimedOut();
  if (kind == sql::StatementClass::kInsert || kind == sql::StatementClass::kSelect ||
      kind == sql::StatementClass::kUpdate || kind == sql::StatementClass::kDelete) {
    // The fast path knows nothing of staged rows nor of a request's progress.
    const bool try_fast = !context.transaction && (!context.ticket || kind == sql::StatementClass::kSelect);
    FastResult fast = try_fast ? RunFast(sql, Blocking::kAllowed, context) : FastResult{};
    if (fast.outcome == FastOutcome::kDone && !IsOvertaken(fast.status)) return std::move(fast.status);
    if (fast.outcome == FastOutcome::kDone) {
      context.response.DropOpenResult();
      context.services.catalog.AwaitChanges();
    }
  }
  std::string quoted;
  sql::NormalisedStatement normalised;
  duck::StatementText text;
  if (kind != sql::StatementClass::kKalam) {
    text.sql = sql::QuoteFreeWords(sql, quoted);
    if (options.use_plans && sql::Normalise(text.sql, context.params, normalised)) {
      text.key = normalised.key;
      text.normalised = normalised.text;
      text.literals = normalised.literals;
    }
    if (auto known = context.services.engine.Recall(text)) return RunStandard(*std::move(known), text, context);
  }
  KALAM_TRY(sql::CheckStatementBounds(sql, options.limits.statement));
  if (kind == sql::StatementClass::kKalam) {
    KALAM_TRY_ASSIGN(const auto statement, sql::ParseStatement(sql, options.error_style));
    if (!std::holds_alternative<sql::NotOurs>(statement)) {
      if (context.transaction) KALAM_TRY(CheckAllowedInTransaction(statement, sql));
      if (!context.params.empty()) {
        return Error(ErrorCode::kParameterCount,
                     "parameter mismatch: statement has 0 parameter(s), request has " +
                         std::to_string(context.params.size()));
      }
      context.writes = MayWrite(sql);
      return RunKalamStatement(statement, context);
    }
  }
  if (text.sql.empty()) text.sql = sql::QuoteFreeWords(sql, quoted);
  KALAM_TRY_ASSIGN(auto statement, context.services.engine.Parse(text));
  return RunStandard(std::move(statement), text, context);
}

// A statement whose table was altered under it wrote nothing and runs again with the new definition. UPDATE and
// DELETE do so themselves.
Status RunStatement(std::string_view sql, StatementContext& context) {
  constexpr int kMaxAttempts = 10;
  context.sql = sql;
  const sql::StatementClass kind = sql::Classify(sql);
  const bool again = !context.transaction &&
                     (kind == sql::StatementClass::kSelect || kind == sql::StatementClass::kInsert ||
                      kind == sql::StatementClass::kGeneral);
  for (int attempt = 1;; ++attempt) {
    Status status = RunOnce(sql, kind, context);
    if (!IsOvertaken(status) || !again || attempt == kMaxAttempts) return status;
    context.response.DropOpenResult();
    context.services.catalog.AwaitChanges();
  }
}

// For what wrote no rows into the store: DDL, STREAM tables, an UPDATE of nothing. It has happened, so its answer
// stands even if it can't be remembered.
void StoreProgress(RequestLedger::Ticket& ticket, const wire::SqlResponseWriter& response) {
  const Status stored = ticket.Store(response.results());
  if (!stored.ok()) log::Warn("exec", "the outcome of a request is not kept: " + stored.error().message());
}

// `sql`: the statement that failed. What it holds of secrets is not sent back.
Outcome Fail(Error error, std::string_view code, std::string_view sql, Seq durable_after) {
  Error shown(error.code(), sql::RedactSecretsOf(sql, error.message()));
  return Outcome{Failure{std::move(shown), code, sql::RedactSecrets(sql).substr(0, kMaxDetailBytes)}, durable_after};
}

Load LoadOf(std::string_view sql) {
  const sql::StatementClass kind = sql::Classify(sql);
  const bool asks = kind == sql::StatementClass::kSelect || kind == sql::StatementClass::kGeneral;
  return asks ? Load::kAnalytic : Load::kWrite;
}

}  // namespace

Executor::Executor(Services services, ExecutorOptions options)
    : services_(services),
      options_(std::move(options)),
      turnstile_(std::make_unique<Turnstile>()),
      ledger_(std::make_unique<RequestLedger>(services_.requests)) {}
Executor::~Executor() = default;

std::optional<Outcome> Executor::TryRun(const wire::SqlRequest& request, const auth::Identity& who,
                                        wire::SqlResponseWriter& response, Load& load) const {
  // A single statement, its closing semicolon off; everything else is a worker's.
  std::string_view sql = request.sql;
  while (!sql.empty() && (sql.back() == ';' || sql.back() == ' ' || sql.back() == '\n')) sql.remove_suffix(1);
  constexpr std::size_t kMaxLoopStatement = 64 << 10;
  if (sql.size() > kMaxLoopStatement || request.request_id) {
    load = LoadOf(sql);
    return std::nullopt;
  }
  std::optional<Transaction> no_transaction;
  StatementContext context{services_, options_, *turnstile_, who, request.params, nullptr, response, {},
                           services_.clock.NowMicros(), no_transaction, nullptr, {}};
  FastResult result = RunFast(sql, Blocking::kNever, context);
  if (result.outcome != FastOutcome::kDone) {
    load = result.outcome == FastOutcome::kWouldBlock ? Load::kPoint : LoadOf(sql);
    return std::nullopt;
  }
  if (IsOvertaken(result.status)) {
    load = Load::kPoint;
    response.DropOpenResult();
    return std::nullopt;  // a worker may wait for the new definition
  }
  if (result.status.ok()) return Outcome{std::nullopt, context.durable_after};
  response.DropOpenResult();
  return Fail(std::move(result.status).error(), {}, sql, context.durable_after);
}

Outcome Executor::Run(const wire::SqlRequest& request, const auth::Identity& who, duck::Cancellation& cancellation,
                      wire::SqlResponseWriter& response) const {
  if (request.sql.size() > options_.limits.max_sql_length) {
    return Fail(Error(ErrorCode::kLimitExceeded, "ERROR: SQL text is longer than limits.max_sql_length (" +
                                                     std::to_string(options_.limits.max_sql_length) + " bytes)"),
                {}, {}, {});
  }
  auto split = sql::SplitStatements(request.sql, options_.limits.max_batch_statements);
  if (!split.ok()) {
    Error error = std::move(split).error();
    if (error.code() == ErrorCode::kLimitExceeded) return Fail(std::move(error), {}, {}, {});
    return Fail(std::move(error).Context("Failed to parse SQL batch"), "BATCH_PARSE_ERROR", {}, {});
  }
  if (split->empty()) {
    return Fail(Error(ErrorCode::kInvalidArgument, "No SQL statements provided"), "EMPTY_SQL", {}, {});
  }
  if (split->size() > 1 && !request.params.empty()) {
    return Fail(Error(ErrorCode::kInvalidArgument, "params are for a request with a single statement"), {}, {}, {});
  }

  Seq durable_after;
  std::unique_ptr<RequestLedger::Ticket> ticket;
  if (request.request_id) {
    auto entered = ledger_->Enter(who.user_id, request,
                                  std::chrono::steady_clock::now() + options_.limits.statement_timeout);
    if (!entered.ok()) {
      const bool reused = entered.error().code() == ErrorCode::kAlreadyExists;
      return Fail(std::move(entered).error(), reused ? "REQUEST_ID_REUSED" : "", {}, {});
    }
    ticket = std::move(entered).value();
    // What an earlier attempt wrote may not be durable yet.
    if (ticket->statements_done() > 0) durable_after = services_.committer.LatestSnapshot()->seq();
    response.AddResults(ticket->results());
  }
  std::optional<Transaction> transaction;
  for (std::size_t i = ticket ? ticket->statements_done() : 0; i < split->size(); ++i) {
    const std::string_view sql = (*split)[i];
    const auto deadline = std::chrono::steady_clock::now() + options_.limits.statement_timeout;
    if (ticket) ticket->Begin(i + 1);
    StatementContext context{services_,
                             options_,
                             *turnstile_,
                             who,
                             request.params,
                             &cancellation,
                             response,
                             transaction ? std::min(deadline, transaction->deadline()) : deadline,
                             services_.clock.NowMicros(),
                             transaction,
                             ticket.get(),
                             durable_after,
                             sql,
                             request.host};
    Status status = RunStatement(sql, context);
    durable_after = context.durable_after;
    if (status.ok()) {
      if (ticket && !transaction && context.writes) StoreProgress(*ticket, response);
      continue;
    }
    response.DropOpenResult();
    Error error = std::move(status).error();
    // The statement's deadline was the transaction's.
    if (error.code() == ErrorCode::kTimeout && IsOverdue(transaction)) error = TransactionTimedOut();
    if (split->size() > 1) error = std::move(error).Context("Statement " + std::to_string(i + 1) + " failed");
    return Fail(std::move(error), {}, sql, durable_after);
  }
  if (transaction) {
    return Fail(Error(ErrorCode::kInvalidArgument,
                      "ERROR: the batch ended without COMMIT: its transaction was rolled back"),
                {}, {}, durable_after);
  }
  return Outcome{std::nullopt, durable_after};
}

}  // namespace kalam::exec
