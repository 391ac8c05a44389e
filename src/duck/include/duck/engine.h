#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "duck/cancellation.h"
#include "duck/plan_cache.h"
#include "duck/scan_source.h"
#include "model/datum.h"
#include "model/ids.h"

namespace kalam::duck {

struct RowQuery;

enum class StatementKind : std::uint8_t { kSelect, kInsert, kUpdate, kDelete, kExplain, kOther };

// kOther: a form that only the engine's own dialect has (INSERT OR REPLACE, ON CONFLICT (...) WHERE).
enum class ConflictAction : std::uint8_t { kNone, kDoNothing, kDoUpdate, kOther };

// The name under which a proposal's column stands beside those of the row in its way.
inline std::string ExcludedColumn(std::string_view column) { return "excluded." + std::string(column); }

// A statement's text, and the form under which its plan is kept for the next run: see sql::Normalise. All borrowed.
struct StatementText {
  std::string_view sql;
  std::string_view key;              // empty: no plan is kept, and what follows is empty too
  std::string_view normalised;       // SQL with parameters in place of literals, numbered after the request's
  std::span<const Datum> literals = {};  // their values
};

// One parsed statement of standard SQL. Move-only; run it once.
class ParsedStatement {
 public:
  ParsedStatement(ParsedStatement&&) noexcept;
  ParsedStatement& operator=(ParsedStatement&&) noexcept;
  ~ParsedStatement();

  StatementKind kind() const;
  // For kOther: `ATTACH`, `COPY`, `PRAGMA`, ...
  std::string_view other_name() const;

  // --- INSERT, UPDATE, DELETE
  // The table written to, as written.
  TableReference target() const;
  // --- SELECT: the one table of its FROM, as written; no parts when it is not that simple.
  TableReference source() const;

  // INSERT: the column list, empty when there is none. UPDATE: the columns of SET.
  const std::vector<std::string>& columns() const;
  // INSERT ... DEFAULT VALUES.
  bool default_values() const;

  // Takes RETURNING off the statement: `SELECT <list> FROM <target>`, for Engine::Select with a resolver
  // that gives the written rows as its first table. nullopt when there is none.
  std::optional<ParsedStatement> TakeReturning();
  // The columns that such a SELECT lists, if they are all it lists: names and `*`, without aliases or expressions.
  std::optional<std::vector<std::string>> plain_columns() const;

  // INSERT ... ON CONFLICT.
  ConflictAction conflict_action() const;
  // The columns of ON CONFLICT (...), lower case; empty when it names none.
  const std::vector<std::string>& conflict_columns() const;
  // Takes DO UPDATE off the statement: `UPDATE <target> SET ... [WHERE ...]`, for Engine::UpdateRows with a
  // resolver whose first table has the rows in the way, each with the columns of its proposal beside its own:
  // `excluded.c` has become a column of that name (ExcludedColumn).
  ParsedStatement TakeConflictUpdate();

 private:
  friend class Engine;
  struct Impl;
  explicit ParsedStatement(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// One value of a result row. Valid during the call it is passed to.
struct Cell {
  enum class Form : std::uint8_t {
    kDatum,    // `datum`, typed as its OutputColumn says
    kDigits,   // `text` is an exact number that no Datum holds: HUGEINT, DECIMAL
    kJson,     // `text` is JSON: lists, structs, maps
    kDefault,  // INSERT only: the keyword DEFAULT stood here
  };
  Form form = Form::kDatum;
  Datum datum;
  std::string_view text;
  bool is_parameter = false;  // INSERT and UPDATE: just a parameter of the request stood here
};

struct OutputColumn {
  std::string name;
  DataType type = DataType::kText;  // how `datum` cells are to be shown
};

// Receives a result. A failure that it returns ends the query and comes back from Engine.
class RowSink {
 public:
  virtual ~RowSink() = default;
  // Once, before the first row.
  virtual Status OnColumns(std::vector<OutputColumn> columns) = 0;
  virtual Status OnRow(std::span<const Cell> row) = 0;
};

// Who asks, with what, and until when. Everything borrowed must outlive the call.
struct QueryContext {
  Resolver& resolver;
  std::span<const Datum> params;  // $1 is params[0]
  std::string_view current_user;
  TimestampMicros now = 0;  // NOW(), fixed for the statement
  // Reserves consecutive ids and returns the first (SNOWFLAKE_ID()).
  std::function<Result<Seq>(std::uint32_t count)> reserve_ids;
  std::function<Seq(Seq first, std::uint32_t by)> advance_id;
  std::chrono::steady_clock::time_point deadline;
  Cancellation* cancellation = nullptr;
  // Row queries only, set by BindRows: NOW() is read from each row.
  bool now_per_row = false;
  // Set to whether the rows came from a plan that was kept.
  bool* cache_hit = nullptr;
};

// How errors about names and syntax are worded (PostgreSQL or MySQL style): the `sql` module's affair.
struct ErrorTexts {
  std::function<Error(std::string_view relation)> unknown_relation;
  std::function<Error(std::string_view column)> unknown_column;
  std::function<Error(std::string_view token, std::string_view statement)> syntax_error;
};

struct EngineOptions {
  std::size_t memory_limit_bytes = std::size_t{1} << 30;      // of all statements together
  std::size_t statement_memory_bytes = std::size_t{1} << 30;  // of each
  std::size_t max_list_elements = 1'000'000;
  std::size_t max_string_bytes = std::size_t{64} << 20;
  std::size_t max_depth = 200;
  std::size_t plan_cache_size = 1000;
  ErrorTexts texts;
};

// DuckDB, caged: parses standard SQL and runs SELECTs over ScanSources.
//
// The engine is inside the blast radius, so nothing a client sends reaches it as it came. Each
// statement is parsed once and its tree is walked: statement kinds, functions and table functions pass by
// allowlist only; every table reference is resolved by the caller's Resolver and replaced by a scan of
// the source it returned; functions that could make values of unbounded size are replaced by bounded ones.
// The engine executes SELECT and nothing else: INSERT, UPDATE and DELETE become the SELECT that computes
// their rows, and the caller writes them.
//
// Repeated statements are planned once: the walked tree is shared by all (PlanCache), and each pooled
// connection keeps what it prepared from it. A plan names the tables that it needs. Every run resolves them
// anew, so rights, partition and snapshot are the caller's of that run, and a table that is not what it was
// makes a new plan.
//
// Thread-safe. Each running query uses one pooled connection and the calling thread only.
class Engine {
 public:
  // Errors: kInternal when the library is not the version this was built for, or does not start.
  static Result<std::unique_ptr<Engine>> Open(EngineOptions options);
  ~Engine();

  // Errors: kSyntax.
  Result<ParsedStatement> Parse(std::string_view sql) const;
  // The same for a statement whose plan is kept.
  Result<ParsedStatement> Parse(const StatementText& text);
  // The statement as its plan tells it, without parsing; nullopt when there is no plan.
  std::optional<ParsedStatement> Recall(const StatementText& text);

  // Runs a kSelect or kExplain.
  // Errors: those of the resolver and the sink; kPermissionDenied for what the sandbox forbids;
  // kParameterCount, kParameterType; kLimitExceeded, kTimeout, kCancelled; kInvalidArgument and kConstraint
  // for the rest.
  Status Select(ParsedStatement statement, const QueryContext& context, RowSink& sink);

  // The rows of an INSERT, one cell per target column. `types` are the target columns' types.
  Status InsertRows(ParsedStatement statement, const QueryContext& context,
                    std::span<const DataType> types, RowSink& sink);

  // The rows that an UPDATE changes: `_seq`, then `columns` as they are, then the new values of the SET
  // columns (`types`: their types).
  Status UpdateRows(ParsedStatement statement, const QueryContext& context,
                    std::span<const std::string> columns, std::span<const DataType> types,
                    RowSink& sink);

  // The rows that a DELETE removes: `_seq` (if `with_seq`), then `columns`.
  Status DeleteRows(ParsedStatement statement, const QueryContext& context,
                    std::span<const std::string> columns, bool with_seq, RowSink& sink);

  // Binds a SELECT over one table for evaluation row by row (see row_query.h). `context` gives the parameters,
  // CURRENT_USER() and the table; they become constants. ORDER BY is checked and left out.
  // Errors: kUnsupported for what has no value per row: aggregates, subqueries, joins, DISTINCT, LIMIT, ...;
  // else those of Select.
  Result<RowQuery> BindRows(ParsedStatement statement, const QueryContext& context);

  // The `count` rows of a statement like that which come first by `order` (columns, descending), as `columns`;
  // its own SELECT list and ORDER BY are left aside.
  Status FirstRows(ParsedStatement statement, const QueryContext& context, std::span<const std::string> columns,
                   std::span<const std::string> order, std::size_t count, RowSink& sink);

  PlanCache& plan_cache();
  // Empties the plan cache and the pool of connections; how many plans there were.
  std::size_t ClearPlans();
  // How often the engine planned a statement so far.
  std::uint64_t plans_made() const;

  // What was freed goes back to the system, of the whole process. An allocator does that when it is used next, so
  // threads that had much to do and now rest would keep it. Milliseconds.
  static void GiveBackFreedMemory();
  // As SegmentEngine's.
  void ForgetFreedBuffers();

 private:
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kalam::duck
