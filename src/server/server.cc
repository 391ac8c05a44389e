#include "server/server.h"

#include <algorithm>
#include <filesystem>
#include <future>
#include <numeric>
#include <optional>
#include <thread>

#include "api/api.h"
#include "api/live_endpoint.h"
#include "auth/api_key.h"
#include "base/cron_schedule.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/memory_use.h"
#include "base/periodic_task.h"
#include "base/scheduled_task.h"
#include "base/stats.h"
#include "base/fair_worker_pool.h"
#include "catalog/catalog.h"
#include "cold/cold_rows.h"
#include "cold/garbage.h"
#include "cold/storages.h"
#include "config_value.h"
#include "duck/engine.h"
#include "duck/segment_engine.h"
#include "exec/executor.h"
#include "exec/live_statements.h"
#include "jobs/backup_service.h"
#include "jobs/compaction_service.h"
#include "jobs/flush.h"
#include "jobs/flush_service.h"
#include "jobs/job_runner.h"
#include "kv/store.h"
#include "live/hub.h"
#include "net/event_loop.h"
#include "net/http_server.h"
#include "query/system_tables.h"
#include "server/version.h"
#include "sql/error_style.h"
#include "sql/lexer.h"
#include "table/committer.h"
#include "table/reader.h"
#include "table/stream_store.h"
#include "table/writer.h"
#include "wire/small_bodies.h"

namespace kalam::server {
namespace {

constexpr unsigned kJobThreads = 2;
constexpr std::chrono::seconds kSweepPause{10};
constexpr std::chrono::seconds kLongestSweep{5};  // a stop waits for it
constexpr std::size_t kManifestCacheBytes = 64 << 20;
// Queries give way to whoever has a single row to read or write.
constexpr int kAnalyticNiceness = 5;
constexpr std::chrono::seconds kMemoryReturnPause{30};

sql::ErrorStyle StyleOf(const ServerConfig& config) {
  return config.server.error_style == ErrorStyle::kMysql ? sql::ErrorStyle::kMySql : sql::ErrorStyle::kPostgres;
}

std::string_view NameOf(ShardingStrategy strategy) {
  return NamesOf<ShardingStrategy>::kNames[static_cast<std::size_t>(strategy)];
}

kv::Options StoreOptions(const ServerConfig& config) {
  kv::Options options;
  options.path = config.storage.rocksdb_path;
  options.write_buffer_bytes = config.storage.rocksdb.write_buffer_size;
  options.max_write_buffers = config.storage.rocksdb.max_write_buffers;
  options.block_cache_bytes = config.storage.rocksdb.block_cache_size;
  options.max_background_jobs = config.storage.rocksdb.max_background_jobs;
  options.wal_log_count = config.storage.rocksdb.wal_log_count;
  options.compression = static_cast<kv::Compression>(config.storage.compression);
  options.log_retention = config.storage.log_retention_seconds;
  options.log_max_bytes = config.storage.log_max_bytes;
  return options;
}

duck::EngineOptions EngineOptionsOf(const ServerConfig& config) {
  duck::EngineOptions options;
  // The engine's own memory is shared by all statements; one of them may use as much as it allows.
  options.memory_limit_bytes = std::max(config.engine.memory_limit, config.limits.statement_memory);
  options.statement_memory_bytes = config.limits.statement_memory;
  options.max_list_elements = config.limits.max_list_elements;
  options.max_string_bytes = config.limits.max_string_bytes;
  options.plan_cache_size = config.query_cache.size;
  // Each level of brackets is up to three levels of the tree.
  options.max_depth = std::size_t{config.limits.max_nesting_depth} * 4;
  const sql::ErrorStyle style = StyleOf(config);
  options.texts.unknown_relation = [style](std::string_view name) { return sql::RelationDoesNotExist(style, name); };
  options.texts.unknown_column = [style](std::string_view name) { return sql::ColumnDoesNotExist(style, name); };
  options.texts.syntax_error = [style](std::string_view token, std::string_view statement) {
    const auto at = statement.find(token);
    const int line = at == std::string_view::npos ? 1 : sql::LineOf(statement, static_cast<std::uint32_t>(at));
    return sql::SyntaxErrorNear(style, token == "end of input" ? "" : token, line);
  };
  return options;
}

exec::ExecutorOptions ExecutorOptionsOf(const ServerConfig& config) {
  exec::ExecutorOptions options;
  options.limits = {.max_sql_length = config.limits.max_sql_length,
                    .statement = {.max_nesting_depth = config.limits.max_nesting_depth,
                                  .max_in_list = config.limits.max_in_list,
                                  .max_values_rows = config.limits.max_values_rows,
                                  .max_parameters = config.limits.max_params,
                                  .max_select_items = config.limits.max_select_items,
                                  .max_conditions = config.limits.max_conditions,
                                  .max_joins = config.limits.max_joins,
                                  .max_ctes = config.limits.max_ctes,
                                  .max_arrow_chain = config.limits.max_arrow_chain,
                                  .max_subquery_depth = config.limits.max_subquery_depth},
                    .max_batch_statements = config.limits.max_batch_statements,
                    .statement_timeout = config.limits.statement_timeout_seconds,
                    .statement_memory = config.limits.statement_memory,
                    .transaction_timeout = config.limits.transaction_timeout_seconds,
                    .transaction_memory = config.limits.transaction_memory};
  options.error_style = StyleOf(config);
  options.password_policy = {config.auth.min_password_length, config.auth.max_password_length};
  options.default_flush = {config.flush.default_row_limit, config.flush.default_time_interval.count()};
  options.default_sharding = NameOf(config.sharding.default_strategy);
  options.deleted_retention_hours = config.retention.default_deleted_retention_hours.count();
  options.default_max_buffer = config.stream.default_max_buffer;
  options.api_version = config.server.api_version;
  return options;
}

live::HubOptions HubOptionsOf(const ServerConfig& config) {
  live::HubOptions options;
  options.max_subscriptions = config.rate_limit.max_subscriptions;
  options.max_subscriptions_per_user = config.rate_limit.max_subscriptions_per_user;
  options.max_subscriptions_per_connection = config.rate_limit.max_subscriptions_per_connection;
  options.max_connection_queue_bytes = config.limits.max_connection_queue_bytes;
  options.low_water_bytes = config.limits.max_connection_queue_bytes / 8;
  options.node = std::to_string(config.flush.node_id);
  return options;
}

api::LiveEndpointOptions LiveOptionsOf(const ServerConfig& config, const auth::IdentityPolicy& identity) {
  api::LiveEndpointOptions options;
  options.identity = identity;
  options.max_messages_per_sec = config.rate_limit.max_messages_per_sec;
  options.websocket.max_message_bytes = config.limits.max_ws_message_size;
  options.websocket.max_queue_bytes = config.limits.max_connection_queue_bytes;
  options.websocket.low_water_bytes = config.limits.max_connection_queue_bytes / 8;
  return options;
}

// system.live_queries, in the order of its columns.
query::RowStream LiveQueryRows(std::vector<live::LiveQueryInfo> list) {
  return query::StreamOf(std::move(list), [](const live::LiveQueryInfo& info, std::vector<query::Row>& rows) {
    const auto text = [](const std::string& value) { return Value(Datum::Text(value)); };
    rows.push_back({text(info.live_id), text(info.connection_id), text(info.table.ns), text(info.table.table),
                    text(info.query_id), text(info.user_id), text(info.query), text(info.options),
                    Value(Datum::Int(info.changes)), text(info.node), Value(Datum::Int(info.created_at)),
                    info.last_update == 0 ? Value() : Value(Datum::Int(info.last_update))});
  });
}

net::HttpServerOptions HttpOptions(const ServerConfig& config) {
  net::HttpServerOptions options;
  options.max_header_bytes = config.limits.max_header_size;
  options.max_body_bytes = config.limits.max_body_size;
  options.max_connections = config.performance.max_connections;
  options.header_timeout = config.performance.header_timeout;
  options.body_timeout = config.performance.body_timeout;
  options.keepalive_timeout = config.performance.keepalive_timeout;
  options.write_timeout = config.performance.write_timeout;
  options.refusal_body = [](int status, std::string_view message) {
    return wire::ErrorBody(status == 413 ? "PAYLOAD_TOO_LARGE" : status == 408 ? "REQUEST_TIMEOUT"
                           : status == 503                                     ? "UNAVAILABLE"
                           : status >= 500                                     ? "INTERNAL_ERROR"
                                                                               : "INVALID_REQUEST",
                           message);
  };
  return options;
}

Status CreateFolders(const ServerConfig& config) {
  for (const std::string& folder :
       {config.storage.data_dir, config.storage.rocksdb_path, config.storage.default_storage_path}) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
      return Error(ErrorCode::kIo, "create data folder '" + folder + "': " + error.message());
    }
  }
  return {};
}

unsigned Cores() { return std::max(1u, std::thread::hardware_concurrency()); }

// Knows the API only once it exists: the port is taken before the store opens.
class LateHandler final : public net::HttpHandler {
 public:
  void Set(net::HttpHandler* handler) { handler_ = handler; }
  void Handle(net::HttpExchangePtr exchange) override { handler_->Handle(std::move(exchange)); }

 private:
  net::HttpHandler* handler_ = nullptr;
};

}  // namespace

// In the order of construction; destroyed in reverse.
struct Server::Parts {
  explicit Parts(const ServerConfig& server_config)
      : config(server_config),
        loops(config.server.workers == 0 ? Cores() : config.server.workers),
        http(loops, HttpOptions(config), handler) {}

  using OpeningEngine = std::future<Result<std::unique_ptr<duck::Engine>>>;

  const ServerConfig config;
  SystemClock clock;
  Stats stats;
  LateHandler handler;
  net::EventLoopGroup loops;
  net::HttpServer http;
  std::unique_ptr<kv::Store> store;
  table::ChangeCounters change_counters;
  std::unique_ptr<table::Committer> committer;
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<cold::ManifestStore> manifests;
  std::unique_ptr<cold::Storages> storages;
  std::unique_ptr<cold::SegmentFiles> segment_files;
  std::unique_ptr<duck::SegmentEngine> segment_engine;
  std::unique_ptr<cold::ColdRows> cold_rows;
  std::unique_ptr<cold::Garbage> garbage;
  std::unique_ptr<table::Reader> reader;
  std::unique_ptr<table::Writer> writer;
  std::unique_ptr<table::StreamStore> streams;
  std::unique_ptr<table::RequestLog> requests;
  std::unique_ptr<jobs::JobStore> job_store;
  std::unique_ptr<jobs::TableFlusher> flusher;
  std::unique_ptr<jobs::TableCompactor> compactor;
  std::unique_ptr<jobs::CompactionService> compaction;
  std::unique_ptr<jobs::BackupService> backups;
  std::unique_ptr<jobs::FlushService> flush;
  std::unique_ptr<jobs::JobRunner> job_runner;  // its jobs call those above: destroyed first
  std::unique_ptr<query::SystemTables> system_tables;
  std::unique_ptr<duck::Engine> engine;
  std::unique_ptr<live::Hub> hub;
  std::unique_ptr<exec::SessionCache> sessions;
  std::unique_ptr<auth::JwtVerifier> verifier;
  std::unique_ptr<exec::Executor> executor;
  std::unique_ptr<exec::LiveStatements> live_statements;
  std::unique_ptr<FairWorkerPool> point_workers, write_workers, analytic_workers;
  std::unique_ptr<api::LiveEndpoint> live_endpoint;
  std::unique_ptr<api::Api> api;
  std::unique_ptr<PeriodicTask> user_purge, memory_return;
  std::unique_ptr<ScheduledTask> job_cleanup;
  std::unique_ptr<ScheduledTask> row_cleanup;
  std::unique_ptr<PeriodicTask> garbage_sweep;
  std::future<void> segment_engine_starting;
  bool stopped = false;

  void PurgeUsers() const;
  void LogStoreSize() const;

  OpeningEngine OpenEngine() const;
  Status OpenStore(OpeningEngine opening);
  Status OpenCold();
  void OpenJobs();
  Result<bool> ResumeJob(const jobs::Job& job) const;
  void RemoveOldJobs() const;
  void SweepGarbage() const;
  void AddStats();
  void AddCacheStats();
  Status OpenApi();
};

// It needs nothing of the store and is half of what a start computes: it opens beside it.
Server::Parts::OpeningEngine Server::Parts::OpenEngine() const {
  return std::async(std::launch::async, [this] { return duck::Engine::Open(EngineOptionsOf(config)); });
}

Status Server::Parts::OpenStore(OpeningEngine opening) {
  KALAM_TRY(CreateFolders(config));
  KALAM_TRY_ASSIGN(store, kv::Store::Open(StoreOptions(config)));
  table::CommitterOptions commit;
  commit.mode = config.storage.sync == StorageSync::kCommit ? table::SyncMode::kCommit : table::SyncMode::kInterval;
  commit.node_id = config.flush.node_id;
  commit.counters = &change_counters;
  KALAM_TRY_ASSIGN(committer, table::Committer::Open(*store, clock, commit));
  catalog::Catalog::Options catalog_options{.localhost_default_user = config.auth.localhost_default_user,
                                            .default_storage_path = config.storage.default_storage_path};
  if (config.storage.credentials_key) {
    KALAM_TRY_ASSIGN(catalog_options.credentials_cipher,
                     catalog::CredentialsCipher::FromHexKey(*config.storage.credentials_key));
  }
  KALAM_TRY_ASSIGN(catalog, catalog::Catalog::Open(*store, *committer, clock,
                                                   std::move(catalog_options)));
  segment_engine = std::make_unique<duck::SegmentEngine>(
      duck::SegmentEngineOptions{.memory_limit_bytes = config.storage.segment_memory});
  KALAM_TRY(OpenCold());
  reader = std::make_unique<table::Reader>(*store, cold_rows.get());
  writer = std::make_unique<table::Writer>(*store, *committer, cold_rows.get());
  streams = std::make_unique<table::StreamStore>(*committer, clock, table::StreamOptions{});
  KALAM_TRY_ASSIGN(requests, table::RequestLog::Open(*store, *committer, clock,
                                                     {.max_requests = config.limits.max_request_ids,
                                                      .max_bytes = config.limits.request_id_memory}));
  OpenJobs();
  system_tables = std::make_unique<query::SystemTables>(*catalog, stats);
  AddStats();
  KALAM_TRY_ASSIGN(engine, opening.get());
  log::Info("server", "store open in " + config.storage.rocksdb_path);
  LogStoreSize();
  return {};
}

void Server::Parts::LogStoreSize() const {
  const kv::StoreStats now = store->stats();
  const std::uint64_t bytes = std::accumulate(now.file_bytes.begin(), now.file_bytes.end(), std::uint64_t{0});
  log::Info("server", "the store has " + std::to_string(bytes) + " bytes in files, " +
                          std::to_string(now.memtable_bytes) + " in memory");
}

Status Server::Parts::OpenCold() {
  const std::filesystem::path data = config.storage.data_dir;
  KALAM_TRY_ASSIGN(manifests, cold::ManifestStore::Open(*store, kManifestCacheBytes));
  storages = std::make_unique<cold::Storages>(
      *catalog, clock,
      cold::StoragesOptions{.default_root = config.storage.default_storage_path,
                            .staging_folder = data / "staging",
                            .allowed_endpoint_hosts = config.storage.s3_endpoint_hosts});
  KALAM_TRY_ASSIGN(segment_files,
                   cold::SegmentFiles::Open(*storages, {.cache_folder = data / "segment-cache",
                                                        .cache_bytes = config.storage.segment_cache_size,
                                                        .gone = [this](const std::string& path) {
                                                          segment_engine->Forget(path);
                                                        }}));
  cold_rows = std::make_unique<cold::ColdRows>(*manifests, *segment_files, *segment_engine,
                                               config.storage.segment_rows_cache_size);
  garbage = std::make_unique<cold::Garbage>(*store, *committer, *manifests, *storages, *segment_files);
  return {};
}

void Server::Parts::OpenJobs() {
  job_store = std::make_unique<jobs::JobStore>(*store, *committer);
  flusher = jobs::MakeTableFlusher({.clock = clock,
                                    .store = *store,
                                    .catalog = *catalog,
                                    .committer = *committer,
                                    .reader = *reader,
                                    .writer = *writer,
                                    .manifests = *manifests,
                                    .storages = *storages,
                                    .garbage = *garbage,
                                    .engine = *segment_engine,
                                    .flushed = [this](const TableDef& table, const UserId& user) {
                                      compaction->Flushed(table, user);
                                    }});
  compactor = std::make_unique<jobs::TableCompactor>(jobs::CompactionParts{
      .clock = clock,
      .catalog = *catalog,
      .committer = *committer,
      .reader = *reader,
      .writer = *writer,
      .cold = *cold_rows,
      .manifests = *manifests,
      .storages = *storages,
      .garbage = *garbage,
      .policy = {.min_files = config.compaction.min_files,
                 .max_file_bytes = config.compaction.max_file_size,
                 .keep_files = config.compaction.keep_files_seconds}});
  job_runner = std::make_unique<jobs::JobRunner>(
      *job_store, clock,
      jobs::JobRunnerOptions{.threads = kJobThreads, .node_id = std::to_string(config.flush.node_id)});
  compaction = std::make_unique<jobs::CompactionService>(*catalog, *job_runner, *compactor);
  backups = std::make_unique<jobs::BackupService>(
      jobs::BackupParts{.clock = clock,
                        .store = *store,
                        .catalog = *catalog,
                        .committer = *committer,
                        .reader = *reader,
                        .cold = *cold_rows,
                        .manifests = *manifests,
                        .storages = *storages,
                        .garbage = *garbage},
      *job_runner, std::filesystem::path(config.storage.data_dir) / "backups");
  flush = std::make_unique<jobs::FlushService>(jobs::FlushServiceParts{.clock = clock,
                                                                       .store = *store,
                                                                       .catalog = *catalog,
                                                                       .committer = *committer,
                                                                       .reader = *reader,
                                                                       .counters = change_counters,
                                                                       .job_store = *job_store,
                                                                       .runner = *job_runner,
                                                                       .flusher = *flusher,
                                                                       .resume_other = [this](const jobs::Job& job) {
                                                                         return ResumeJob(job);
                                                                       }});
}

// Of those that are not flushes.
Result<bool> Server::Parts::ResumeJob(const jobs::Job& job) const {
  const bool of_files = job.type == jobs::JobType::kCompact || job.type == jobs::JobType::kCleanup;
  return of_files ? compaction->Resume(job) : backups->Resume(job);
}

void Server::Parts::RemoveOldJobs() const {
  const auto kept = std::chrono::hours(24) * config.flush.job_retention_days;
  const auto removed = job_store->RemoveFinishedBefore(clock.NowMicros() - std::chrono::microseconds(kept).count());
  if (!removed.ok()) return log::Error("server", "old jobs not removed: " + removed.error().message());
  if (*removed > 0) log::Info("server", std::to_string(*removed) + " old jobs were removed");
}

void Server::Parts::SweepGarbage() const {
  const Status swept = garbage->Sweep(clock.NowMicros(), std::chrono::steady_clock::now() + kLongestSweep);
  if (!swept.ok()) log::Error("server", "files that nobody needs not deleted: " + swept.error().message());
}

// system.jobs, in the order of its columns.
query::RowStream JobRows(std::vector<jobs::Job> list) {
  return query::StreamOf(std::move(list), [](const jobs::Job& job, std::vector<query::Row>& rows) {
    const auto text = [](std::string_view value) { return Value(Datum::Text(value)); };
    const auto optional_text = [&](const std::string& value) { return value.empty() ? Value() : text(value); };
    const auto time = [](const std::optional<TimestampMicros>& at) { return at ? Value(Datum::Int(*at)) : Value(); };
    std::string parameters;
    JsonWriter json(parameters);
    json.BeginArray();
    for (const std::string& parameter : job.parameters) json.String(parameter);
    json.EndArray();
    rows.push_back({text(job.id), text(ToString(job.type)), text(job.ns), job.table ? text(*job.table) : Value(),
                    text(ToString(job.status)), text(parameters), optional_text(job.result), text(job.trace),
                    Value(Datum::Int(job.memory_used)), Value(Datum::Int(job.cpu_used)),
                    Value(Datum::Int(job.created_at)), time(job.started_at), time(job.completed_at),
                    text(job.node_id), optional_text(job.error), optional_text(job.error)});
  });
}

// What the parts know of themselves, for system.stats. One line per number; in order of name.
void Server::Parts::AddStats() {
  const auto add = [this](std::string name, auto read) {
    stats.Add(std::move(name), [read] { return static_cast<std::int64_t>(read()); });
  };
  add("cold_row_cache_bytes", [this] { return cold_rows->blocks().stats().bytes; });
  add("cold_row_cache_hits_total", [this] { return cold_rows->blocks().stats().hits; });
  add("cold_row_cache_misses_total", [this] { return cold_rows->blocks().stats().misses; });
  add("commits_total", [this] { return committer->stats().commits; });
  add("memory_allocated_bytes", [] { return ReadMemoryUse().allocated_bytes; });
  add("memory_resident_bytes", [] { return ReadMemoryUse().resident_bytes; });
  add("namespaces", [this] { return catalog->ListNamespaces().size(); });
  add("store_block_cache_bytes", [this] { return store->stats().block_cache_bytes; });
  add("store_file_bytes", [this] {
    const auto bytes = store->stats().file_bytes;
    return std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0});
  });
  add("store_memtable_bytes", [this] { return store->stats().memtable_bytes; });
  add("sync_micros_total", [this] { return committer->stats().sync_time.count(); });
  add("sync_rounds_total", [this] { return committer->stats().rounds; });
  add("tables", [this] { return catalog->table_count(); });
  add("uptime_seconds", [this, started = clock.NowMicros()] { return (clock.NowMicros() - started) / 1'000'000; });
}

void Server::Parts::AddCacheStats() {
  const auto add = [this](std::string name, auto read) {
    stats.Add(std::move(name), [this, read] { return static_cast<std::int64_t>(read(engine->plan_cache().stats())); });
  };
  add("plan_cache_entries", [](const duck::PlanCache::Stats& now) { return now.size; });
  add("plan_cache_evictions_total", [](const duck::PlanCache::Stats& now) { return now.evictions; });
  add("plan_cache_hits_total", [](const duck::PlanCache::Stats& now) { return now.hits; });
  add("plan_cache_misses_total", [](const duck::PlanCache::Stats& now) { return now.misses; });
  using SessionStats = exec::SessionCache::Stats;
  const auto add_session = [this](std::string name, auto read) {
    stats.Add(std::move(name), [this, read] { return static_cast<std::int64_t>(read(sessions->stats())); });
  };
  add_session("session_cache_entries", [](const SessionStats& now) { return now.entries; });
  add_session("session_cache_hits_total", [](const SessionStats& now) { return now.hits; });
  add_session("session_cache_registrations_total", [](const SessionStats& now) { return now.registrations; });
  add_session("session_cache_sessions", [](const SessionStats& now) { return now.sessions; });
  stats.Add("plans_made_total", [this] { return static_cast<std::int64_t>(engine->plans_made()); });
}

Status Server::Parts::OpenApi() {
  sessions = std::make_unique<exec::SessionCache>(
      exec::SessionCache::Options{.max_tables = config.session_cache.max_size, .ttl = config.session_cache.ttl}, clock);
  AddCacheStats();
  verifier = std::make_unique<auth::JwtVerifier>(auth::JwtVerifier::Options{
      .secret = config.auth.jwt_secret, .issuer = config.auth.jwt_issuer, .audience = config.auth.jwt_audience});
  hub = std::make_unique<live::Hub>(*store, *committer, *streams, clock, HubOptionsOf(config));
  const exec::Services services{clock,     *catalog,    *engine,   *committer,     *reader,
                                *writer,   *streams,    *requests, *system_tables, *hub,
                                *sessions, *job_runner, *flush,    garbage.get(), backups.get()};
  executor = std::make_unique<exec::Executor>(services, ExecutorOptionsOf(config));
  live_statements = std::make_unique<exec::LiveStatements>(services, ExecutorOptionsOf(config));
  hub->SetQueries(*live_statements);
  KALAM_TRY(hub->Start());
  system_tables->Supply("system", "live_queries", [this](const query::Viewer& viewer) {
    const bool sees_all = auth::IsAdmin(viewer.who.role);
    return LiveQueryRows(hub->List(sees_all ? std::nullopt : std::optional(viewer.who.user_id.text())));
  });
  system_tables->Supply("system", "jobs", [this](const query::Viewer& viewer) {
    if (const auto id = viewer.Only("job_id")) {
      auto job = job_store->Find(*id);
      if (job.ok()) return JobRows(*job ? std::vector<jobs::Job>{**std::move(job)} : std::vector<jobs::Job>());
    }
    auto list = job_store->List();
    if (!list.ok()) log::Error("server", "system.jobs: " + list.error().message());
    return JobRows(list.ok() ? *std::move(list) : std::vector<jobs::Job>());
  });
  stats.Add("flushes_total", [this] { return static_cast<std::int64_t>(flush->flushes()); });
  stats.Add("live_connections", [this] { return static_cast<std::int64_t>(hub->connection_count()); });
  stats.Add("live_subscriptions", [this] { return static_cast<std::int64_t>(hub->subscription_count()); });
  // One thread more than processors, and than a user may have: whatever one asks, others find one.
  FairWorkerPool::Options pool{.threads = Cores() + 1,
                               .threads_per_owner = Cores(),
                               .queue_capacity = config.limits.max_waiting_statements,
                               .queue_capacity_per_owner = config.limits.max_waiting_statements_per_user};
  point_workers = std::make_unique<FairWorkerPool>(pool);
  write_workers = std::make_unique<FairWorkerPool>(pool);
  pool.niceness = kAnalyticNiceness;
  analytic_workers = std::make_unique<FairWorkerPool>(pool);
  stats.Add("statements_waiting", [this] {
    return static_cast<std::int64_t>(point_workers->queued() + write_workers->queued() + analytic_workers->queued());
  });

  KALAM_TRY_ASSIGN(const UserId default_user, UserId::Parse(config.auth.localhost_default_user)
                                                  .Context("auth.localhost_default_user"));
  api::ApiOptions options;
  options.version = kVersion;
  options.api_version = config.server.api_version;
  options.identity = {.localhost_bypass = config.auth.localhost_bypass,
                      .localhost_default_user = default_user,
                      .origins = auth::OriginPolicy(config.server.cors_origins),
                      .test_api_key = config.server.test_api_key,
                      .find_api_key = [this](std::string_view key) -> std::optional<UserId> {
                        const auto found = catalog->FindApiKey(auth::HashApiKey(key));
                        return found ? std::optional(UserId::FromTrusted(found->user_id)) : std::nullopt;
                      }};
  options.max_queries_per_sec = config.rate_limit.max_queries_per_sec;
  options.tokens = {.secret = config.auth.jwt_secret,
                    .issuer = config.auth.jwt_issuer.value_or(""),
                    .audience = config.auth.jwt_audience.value_or(""),
                    .lifetime = config.auth.token_lifetime_seconds};
  options.max_params = config.limits.max_params;
  options.max_response_bytes = config.limits.statement_memory;
  options.load = [this] {
    return api::ApiOptions::Load{.connections = hub->connection_count(), .subscriptions = hub->subscription_count()};
  };
  live_endpoint = std::make_unique<api::LiveEndpoint>(
      *hub, *verifier,
      [this](const UserId& user) -> std::optional<auth::UserRecord> {
        const auto row = catalog->FindUser(user.text());
        if (!row) return std::nullopt;
        return auth::UserRecord{row->role, row->deleted_at.has_value()};
      },
      clock, LiveOptionsOf(config, options.identity));
  api = std::make_unique<api::Api>(*executor, *committer, *catalog, *verifier, loops,
                                   api::Workers{*point_workers, *write_workers, *analytic_workers}, *live_endpoint,
                                   clock, std::move(options));
  handler.Set(api.get());
  job_cleanup = std::make_unique<ScheduledTask>(CronSchedule::Parse(config.flush.job_cleanup_schedule).value(), clock,
                                                [this] {
                                                  RemoveOldJobs();
                                                  log::RemoveOldArchives();
                                                });
  row_cleanup = std::make_unique<ScheduledTask>(CronSchedule::Parse(config.retention.cleanup_schedule).value(), clock,
                                                [this] { compaction->CleanUpAll(); });
  // At once: what a crash left is there from the beginning.
  garbage_sweep =
      std::make_unique<PeriodicTask>(kSweepPause, [this] { SweepGarbage(); }, PeriodicTask::First::kAtOnce);
  memory_return = std::make_unique<PeriodicTask>(kMemoryReturnPause, [this] {
    segment_engine->ForgetFreedBuffers();
    engine->ForgetFreedBuffers();
    duck::Engine::GiveBackFreedMemory();
  });
  user_purge = std::make_unique<PeriodicTask>(config.users.purge_interval_seconds, [this] {
    PurgeUsers();
    LogStoreSize();
  });
  return {};
}

// Users whose grace period is over go, with all that is theirs.
void Server::Parts::PurgeUsers() const {
  const auto grace = std::chrono::hours(24) * config.users.user_deletion_grace_period_days;
  const TimestampMicros before = clock.NowMicros() - std::chrono::microseconds(grace).count();
  const auto purged = catalog->PurgeUsers(
      before, [this](const TableDef& table, std::optional<std::string_view> user, kv::Batch& batch) -> Status {
        KALAM_TRY(garbage->AddAllOf(table.id, user, clock.NowMicros(), batch));
        return {};
      });
  if (!purged.ok()) return log::Error("server", "deleted users not removed: " + purged.error().message());
  for (const std::string& user : *purged) log::Info("server", "user '" + user + "' and their data were removed");
}

Result<std::unique_ptr<Server>> Server::Start(const ServerConfig& config) {
  auto parts = std::make_unique<Parts>(config);
  KALAM_TRY(parts->http.Listen(config.server.host, config.server.port));
  KALAM_TRY(parts->OpenStore(parts->OpenEngine()));
  KALAM_TRY(parts->OpenApi());
  KALAM_TRY(parts->flush->Start());
  parts->loops.Start();
  parts->http.Start();
  // Before somebody reads a cold row, and after whoever waits for the server.
  parts->segment_engine_starting = std::async(std::launch::async, [engine = parts->segment_engine.get()] {
    if (const Status started = engine->Start(); !started.ok()) log::Error("server", started.error().message());
  });
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { Stop(); }

std::uint16_t Server::port() const { return parts_->http.port(); }

void Server::Stop() {
  if (parts_->stopped) return;
  parts_->stopped = true;
  parts_->user_purge.reset();
  parts_->memory_return.reset();
  parts_->job_cleanup.reset();
  parts_->row_cleanup.reset();
  parts_->garbage_sweep.reset();
  parts_->flush->Stop();
  parts_->api->BeginShutdown();
  parts_->http.StopAccepting();
  if (!parts_->http.Drain(parts_->config.performance.request_timeout)) {
    log::Warn("server", "some requests were still running after performance.request_timeout");
  }
  // They run what is queued; it may still need everything else.
  parts_->point_workers.reset();
  parts_->write_workers.reset();
  parts_->analytic_workers.reset();
  parts_->job_runner->Stop(parts_->config.server.flush_job_shutdown_timeout_seconds);
  parts_->hub->Stop();
  parts_->loops.Stop();
}

}  // namespace kalam::server
