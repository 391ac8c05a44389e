#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/identity.h"
#include "auth/password.h"
#include "base/clock.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "cold/garbage.h"
#include "duck/cancellation.h"
#include "duck/engine.h"
#include "exec/session_cache.h"
#include "jobs/backup_service.h"
#include "jobs/flush_service.h"
#include "jobs/job_runner.h"
#include "live/hub.h"
#include "model/ids.h"
#include "query/fast_path.h"
#include "query/system_tables.h"
#include "sql/error_style.h"
#include "sql/splitter.h"
#include "table/committer.h"
#include "table/reader.h"
#include "table/request_log.h"
#include "table/stream_store.h"
#include "table/writer.h"
#include "wire/sql_request.h"
#include "wire/sql_response.h"

namespace kalam::exec {

struct Limits {
  std::size_t max_sql_length = 16 << 20;
  sql::StatementLimits statement;
  unsigned max_batch_statements = 1'000;
  std::chrono::milliseconds statement_timeout{30'000};
  std::size_t statement_memory = std::size_t{1} << 30;
  std::chrono::milliseconds transaction_timeout{60'000};
  std::size_t transaction_memory = std::size_t{64} << 20;
};

struct ExecutorOptions {
  Limits limits;
  sql::ErrorStyle error_style = sql::ErrorStyle::kPostgres;
  auth::PasswordPolicy password_policy;
  FlushPolicy default_flush;  // tables without a FLUSH clause
  std::string default_sharding = "alphabetic";  // of a SHARDING clause that names no strategy
  std::int64_t deleted_retention_hours = 168;
  std::int64_t default_max_buffer = 10'000;
  std::string api_version = "v1";  // of the ws_url that SUBSCRIBE TO gives
  // For tests, which compare what each of them answers: statements of simple form may pass the engine by; plans of
  // statements are kept for their next run.
  bool use_fast_path = true;
  bool use_plans = true;
};

// The parts a statement may use. All outlive the executor and are thread-safe.
struct Services {
  const Clock& clock;
  catalog::Catalog& catalog;
  duck::Engine& engine;
  table::Committer& committer;
  const table::Reader& reader;
  table::Writer& writer;
  table::StreamStore& streams;
  table::RequestLog& requests;
  const query::SystemTables& system_tables;
  live::Hub& live;
  SessionCache& sessions;
  jobs::JobRunner& jobs;
  jobs::FlushService& flush;
  cold::Garbage* garbage = nullptr;  // null: there is no cold tier
  jobs::BackupService* backups = nullptr;
};

// Why a request failed. The results of the statements before it are in the answer.
struct Failure {
  Error error;                 // its message is complete: `Statement 3 failed: ERROR: ...`
  std::string_view code;       // a wire code that the error's own does not tell: EMPTY_SQL; else empty
  std::string details;         // the statement's text
};

struct Outcome {
  std::optional<Failure> failure;
  // Everything that the answer says rests on changes up to here: it may leave once they are durable.
  Seq durable_after;
};

// What a request that an event loop could not run asks of a worker, as far as its first words tell. Each kind has
// threads of its own, so that the long ones don't hold up the short ones.
enum class Load : std::uint8_t {
  kPoint,     // a few rows by key, for which a disk or another writer is waited
  kWrite,     // other changes, DDL, and what asks about the server
  kAnalytic,  // other queries
};

class RequestLedger;
class Turnstile;

// Runs SQL requests. Thread-safe.
class Executor {
 public:
  Executor(Services services, ExecutorOptions options);
  ~Executor();

  // Tries to run a request on an event loop, without waiting for anything. nullopt: it was not
  // possible and nothing happened (`response` is as before); let a worker call Run, of the kind that `load` says.
  std::optional<Outcome> TryRun(const wire::SqlRequest& request, const auth::Identity& who,
                                wire::SqlResponseWriter& response, Load& load) const;

  // Runs a request to its end; blocks. Writes the results to `response`, not its closing part.
  Outcome Run(const wire::SqlRequest& request, const auth::Identity& who, duck::Cancellation& cancellation,
              wire::SqlResponseWriter& response) const;

 private:
  const Services services_;
  const ExecutorOptions options_;
  const std::unique_ptr<Turnstile> turnstile_;
  const std::unique_ptr<RequestLedger> ledger_;
};

}  // namespace kalam::exec
