#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/memory_budget.h"
#include "counted_allocator.h"
#include "deadlines.h"
#include "duck/engine.h"
#include "duck_error.h"
#include "duckdb_headers.h"
#include "known_functions.h"
#include "plan.h"
#include "query_scope.h"
#include "rows_select.h"
#include "session.h"
#include "walker.h"

namespace kalam::duck {

class RowContext;

using Sources = std::vector<std::shared_ptr<const ScanSource>>;

struct Engine::Impl {
  explicit Impl(EngineOptions engine_options)
      : options(std::move(engine_options)), cache(options.plan_cache_size) {}

  EngineOptions options;
  PlanCache cache;
  std::shared_ptr<duckdb::DuckDB> database;  // guarded by pool_mutex once the engine is open
  const KnownFunctions known_functions{[this] {
    const std::lock_guard lock(pool_mutex);
    return database;
  }};
  Deadlines deadlines;
  std::shared_ptr<RowContext> row_context;
  std::atomic<std::uint64_t> plans_made = 0;  // by DuckDB's planner, for clients
  std::atomic<std::uint64_t> next_plan_id = 1;

  std::mutex pool_mutex;
  std::vector<std::unique_ptr<Session>> idle;  // guarded by pool_mutex; used last at the end

  // An instance of the engine with all that queries need, and nothing that they must not have. Throws the engine's
  // exceptions.
  std::shared_ptr<duckdb::DuckDB> OpenDatabase();

  // A session that has prepared the plan, if one is idle; 0: any.
  std::unique_ptr<Session> Acquire(std::uint64_t plan);
  // Back to the pool, unless it holds too much after that. After an internal error the engine refuses its instance for
  // good; then the next sessions get a new one.
  void Release(std::unique_ptr<Session> session, const MemoryUse& use);
  void Keep(std::unique_ptr<Session> session);
  // Forgets all plans; how many there were.
  std::size_t ClearPlans();

  // Fills the tree and what is read from it.
  Status ParseTree(std::string_view sql, ParsedStatement::Impl& parsed) const;

  Walker MakeWalker(const QueryContext& query, std::span<const Datum> params, Walker::Parameters parameters) const {
    return Walker(query, params, parameters, known_functions, options.max_depth);
  }

  // Runs `task(session)` with everything a query needs in place, and translates what goes wrong.
  template <typename Task>
  Status WithSession(const std::string& text, const QueryContext& query, Sources sources, std::uint64_t plan,
                     Task task);

  // Feeds a sink with what a query makes; rows go to it as they are made, on this thread.
  Status Deliver(duckdb::unique_ptr<duckdb::PendingQueryResult> pending, const std::string& text,
                 RowSink& sink) const;

  // Runs a statement from its plan, or makes one, or, when it can have none, with constants in place of its
  // parameters.
  Status RunRows(ParsedStatement::Impl& statement, const QueryContext& query, const RowsWanted& wanted, RowSink& sink);

  // --- constants.cc: one run, nothing kept
  Status RunWithConstants(ParsedStatement::Impl& statement, const QueryContext& query, const RowsWanted& wanted,
                          RowSink& sink);
  Status Explain(ParsedStatement::Impl& statement, const QueryContext& query, RowSink& sink);

  // --- plans.cc
  enum class PlanRun : std::uint8_t {
    kDone,
    kStale,  // a table is not what it was
    kUnfit,  // a value that the parameter's type can't hold
  };
  // With kStale and kUnfit nothing was delivered. Errors: those of the run.
  Result<PlanRun> RunPlan(const Plan& plan, const std::string& text, const QueryContext& query,
                          std::span<const Datum> params, RowSink& sink);
  // Makes a plan from the tree of a normalised statement, which is used up. nullopt: it can have none.
  std::optional<Plan> MakePlan(ParsedStatement::Impl& statement, const QueryContext& query,
                               std::span<const Datum> params, const RowsWanted& wanted);
  void KeepPlan(const std::string& key, std::span<const Datum> params, PlanPtr plan);
};

// The key of the plan that holds for these values of the parameters `depends_on`.
std::string VariantKey(const std::string& key, const std::vector<std::size_t>& depends_on,
                       std::span<const Datum> params);

template <typename Task>
Status Engine::Impl::WithSession(const std::string& text, const QueryContext& query, Sources sources,
                                 std::uint64_t plan, Task task) {
  // The engine would forget an interruption from before its query began.
  if (query.cancellation && query.cancellation->cancelled()) {
    return Error(ErrorCode::kCancelled, "ERROR: the client went away");
  }
  auto session = Acquire(plan);
  duckdb::Connection* connection = &session->connection();
  auto& scope = QueryScope::Of(*connection->context);
  scope.sources = std::move(sources);
  scope.query = &query;
  scope.failure.reset();
  Status status;
  MemoryUse use;
  bool expired = false;
  {
    const Deadlines::Watch watch(deadlines, query.deadline, [connection] { connection->Interrupt(); });
    if (query.cancellation) query.cancellation->SetInterrupt([connection] { connection->Interrupt(); });
    try {
      const CountedMemory memory(options.statement_memory_bytes, *connection, use);
      status = task(*session);
    } catch (const std::exception& e) {
      status = ToError(e, options.texts, text);
    }
    if (use.exceeded && !status.ok()) status = NeedsMoreMemory();
    if (query.cancellation) query.cancellation->SetInterrupt(nullptr);
    expired = watch.expired();
  }
  std::optional<Error> failure = std::move(scope.failure);
  scope.sources.clear();
  scope.query = nullptr;
  scope.failure.reset();
  Release(std::move(session), use);

  if (status.ok()) return status;
  if (failure) return *std::move(failure);
  if (status.error().code() == ErrorCode::kTimeout) {
    if (query.cancellation && query.cancellation->cancelled()) {
      return Error(ErrorCode::kCancelled, "ERROR: the client went away");
    }
    if (expired) {
      return Error(ErrorCode::kTimeout, "ERROR: statement took longer than limits.statement_timeout_seconds allows");
    }
  }
  return status;
}

}  // namespace kalam::duck
