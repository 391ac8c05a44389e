#include "config_keys.h"

#include "base/cron_schedule.h"

#include <algorithm>

#include "catalog/credentials_cipher.h"
#include "model/ids.h"

namespace kalam::server {
namespace {

constexpr std::int64_t kKiB = 1 << 10;
constexpr std::int64_t kMiB = 1 << 20;
constexpr std::int64_t kGiB = 1 << 30;
constexpr std::int64_t kMaxCount = 1'000'000'000;
constexpr std::int64_t kYearSeconds = 366 * 86'400;

// Builds one ConfigKey; the options chain.
class KeyOf {
 public:
  template <typename Member>
  KeyOf(std::string name, Member member, std::string doc) {
    key_.name = std::move(name);
    key_.doc = std::move(doc);
    key_.assign = [member](const ConfigKey& key, ServerConfig& config,
                           const RawValue& raw) -> Status {
      KALAM_TRY(Assign(member(config), raw, key.range));
      return key.check ? CheckTexts(member(config), key.check) : Status();
    };
    key_.print = [member](const ServerConfig& config) { return Print(member(config)); };
  }

  KeyOf&& Range(std::int64_t min, std::int64_t max) && {
    key_.range = {min, max};
    return std::move(*this);
  }
  KeyOf&& Alias(std::string name) && {
    key_.aliases.push_back(std::move(name));
    return std::move(*this);
  }
  KeyOf&& Variable(std::string name) && {
    key_.variables.push_back(std::move(name));
    return std::move(*this);
  }
  KeyOf&& Secret() && {
    key_.secret = true;
    return std::move(*this);
  }
  KeyOf&& BelowDataDir(std::string path) && {
    key_.below_data_dir = std::move(path);
    return std::move(*this);
  }
  KeyOf&& Check(std::function<Status(const std::string&)> check) && {
    key_.check = std::move(check);
    return std::move(*this);
  }
  operator ConfigKey() && {
    return std::move(key_);
  }  // NOLINT: implicit, so that a list reads well

 private:
  ConfigKey key_;
};

// The key `server.port` and how to reach the member of that name.
#define KALAM_KEY(path) #path, [](auto& config) -> auto& { return config.path; }

Status Wrong(std::string message) { return Error(ErrorCode::kInvalidArgument, std::move(message)); }

Status NotEmpty(const std::string& text) {
  if (text.empty()) return Wrong("must not be empty");
  return {};
}

Status IsPathSegment(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
  if (text.empty() || !plain) {
    return Wrong("must be letters, digits, '-' and '_', since it is part of every address");
  }
  return {};
}

Status IsUserId(const std::string& text) {
  if (const auto id = UserId::Parse(text); !id.ok())
    return Wrong("is no user id: " + id.error().message());
  return {};
}

Status IsCredentialsKey(const std::string& text) {
  if (const auto cipher = catalog::CredentialsCipher::FromHexKey(text); !cipher.ok()) {
    return Wrong(cipher.error().message());
  }
  return {};
}

Status IsCronSchedule(const std::string& text) {
  const auto schedule = CronSchedule::Parse(text);
  if (schedule.ok()) return {};
  return Wrong("must be a cron schedule such as \"0 0 * * *\": " + schedule.error().message());
}

// One entry of a list: "*" or "https://app.example.com".
Status IsOrigin(const std::string& text) {
  if (text == "*") return {};
  const std::size_t scheme = text.find("://");
  if (scheme == std::string::npos || scheme == 0 || text.size() == scheme + 3 ||
      text.find('/', scheme + 3) != std::string::npos) {
    return Wrong("must hold origins such as \"https://app.example.com\", not '" + text + "'");
  }
  return {};
}

std::vector<ConfigKey> BuildKeys() {
  return {
      KeyOf(KALAM_KEY(server.host),
            "Address to listen on. One that others can reach needs an auth.jwt_secret of its own.")
          .Check(NotEmpty)
          .Variable("KALAMDB_HOST"),
      KeyOf(KALAM_KEY(server.port), "Port to listen on.").Range(1, 65'535).Variable("KALAMDB_PORT"),
      KeyOf(KALAM_KEY(server.workers), "Threads that run SQL. 0: one per processor.")
          .Range(0, 1'024),
      KeyOf(KALAM_KEY(server.api_version), "The first part of every address: /v1/api/sql.")
          .Check(IsPathSegment),
      KeyOf(KALAM_KEY(server.flush_job_shutdown_timeout_seconds),
            "How long a stop waits for running jobs.")
          .Range(0, 86'400)
          .Alias("flush.flush_job_shutdown_timeout_seconds"),
      KeyOf(KALAM_KEY(server.test_api_key),
            "Development only: whoever sends it as X-API-KEY acts as user `system`.")
          .Secret(),
      KeyOf(KALAM_KEY(server.cors_origins),
            "Web origins whose pages may call this server from a browser; \"*\" for all. Loopback "
            "and own origins always may.")
          .Check(IsOrigin),
      KeyOf(KALAM_KEY(server.error_style), "Form of SQL errors: postgres or mysql."),

      KeyOf(KALAM_KEY(storage.data_dir),
            "The folder under which all data lies: rocksdb/, storage/ and logs/.")
          .Check(NotEmpty)
          .Alias("data_dir"),
      KeyOf(KALAM_KEY(storage.rocksdb_path), "Folder of the hot store.")
          .Check(NotEmpty)
          .BelowDataDir("rocksdb")
          .Variable("KALAMDB_ROCKSDB_PATH"),
      KeyOf(KALAM_KEY(storage.default_storage_path), "Folder of the storage `local`.")
          .Check(NotEmpty)
          .BelowDataDir("storage"),
      KeyOf(KALAM_KEY(storage.credentials_key),
            "Encrypts the credentials of storages on disk: 64 hexadecimal digits (openssl rand -hex 32). Without "
            "it they are stored as plain text.")
          .Check(IsCredentialsKey)
          .Secret(),
      KeyOf(KALAM_KEY(storage.enable_wal),
            "Must be true: acknowledged writes live in the write-ahead log."),
      KeyOf(KALAM_KEY(storage.compression),
            "Of the hot store's files: none, snappy, zlib, lz4 or zstd."),
      KeyOf(
          KALAM_KEY(storage.sync),
          "commit: a write is acknowledged once it is on disk. interval: once the write-ahead log "
          "has it, synced at least every 100 ms; a power cut may lose the last of them."),
      KeyOf(KALAM_KEY(storage.log_retention_seconds),
            "How long the change log is kept for clients that resume.")
          .Range(60, kYearSeconds),
      KeyOf(KALAM_KEY(storage.log_max_bytes), "Size beyond which the change log is cut earlier.")
          .Range(kMiB, 1024 * 1024 * kGiB),
      KeyOf(KALAM_KEY(storage.segment_memory), "Bytes for Parquet files being written and read, all together.")
          .Range(64 * kMiB, 1024 * kGiB),
      KeyOf(KALAM_KEY(storage.segment_rows_cache_size),
            "Bytes of memory for rows around those read from Parquet files by key or page by page. 0: none.")
          .Range(0, 1024 * kGiB),
      KeyOf(KALAM_KEY(storage.segment_cache_size),
            "Bytes of disk for local copies of Parquet files that lie on S3.")
          .Range(kMiB, 1024 * 1024 * kGiB),
      KeyOf(KALAM_KEY(storage.s3_endpoint_hosts),
            "Hosts that the endpoint of an S3 storage may name, beside Amazon's and this machine."),

      KeyOf(KALAM_KEY(storage.rocksdb.write_buffer_size), "Bytes per memtable.")
          .Range(kMiB, 64 * kGiB),
      KeyOf(KALAM_KEY(storage.rocksdb.max_write_buffers), "Memtables before writers must wait.")
          .Range(2, 64),
      KeyOf(KALAM_KEY(storage.rocksdb.block_cache_size), "Bytes of cache for blocks read.")
          .Range(kMiB, 1024 * kGiB),
      KeyOf(KALAM_KEY(storage.rocksdb.max_background_jobs), "Threads that flush and compact.")
          .Range(1, 256),
      KeyOf(KALAM_KEY(storage.rocksdb.wal_log_count), "Write-ahead log files kept.")
          .Range(1, 1'000),

      KeyOf(KALAM_KEY(engine.memory_limit), "Bytes that all queries together may use.")
          .Range(64 * kMiB, 1024 * kGiB)
          .Alias("datafusion.memory_limit"),
      KeyOf(KALAM_KEY(engine.query_parallelism),
            "Threads of one large query. 0: one per processor.")
          .Range(0, 1'024)
          .Alias("datafusion.query_parallelism"),
      KeyOf(KALAM_KEY(engine.max_partitions), "Partitions that one query may read at once.")
          .Range(1, 65'536)
          .Alias("datafusion.max_partitions"),
      KeyOf(KALAM_KEY(engine.batch_size), "Rows handed from one operator to the next.")
          .Range(64, 1'048'576)
          .Alias("datafusion.batch_size"),

      KeyOf(KALAM_KEY(flush.node_id), "Number of this node in generated ids, unique per cluster.")
          .Range(0, 1'023)
          .Alias("node_id"),
      KeyOf(KALAM_KEY(flush.default_row_limit), "Buffered rows that start a flush.")
          .Range(1, 999'999),
      KeyOf(KALAM_KEY(flush.default_time_interval), "Seconds after which a flush starts.")
          .Range(1, 86'399),
      KeyOf(KALAM_KEY(flush.job_retention_days), "Days that finished jobs stay in system.jobs.")
          .Range(1, 36'500),
      KeyOf(KALAM_KEY(flush.job_cleanup_schedule),
            "When old jobs are removed: minute, hour, day of month, month, day of week.")
          .Check(IsCronSchedule),

      KeyOf(KALAM_KEY(compaction.min_files), "Files of one partition and about one size that are merged.")
          .Range(2, 1'000),
      KeyOf(KALAM_KEY(compaction.max_file_size), "Bytes of Parquet that one merge reads at most.")
          .Range(1 << 20, std::int64_t{1} << 40),
      KeyOf(KALAM_KEY(compaction.keep_files_seconds),
            "How long files that were merged stay for readers that began before.")
          .Range(0, 86'400),

      KeyOf(KALAM_KEY(retention.cleanup_schedule),
            "When deleted rows are removed whose time is over: as flush.job_cleanup_schedule.")
          .Check(IsCronSchedule),
      KeyOf(KALAM_KEY(retention.default_deleted_retention_hours),
            "Hours until a deleted row is physically removed.")
          .Range(0, 876'000),

      KeyOf(KALAM_KEY(stream.default_ttl_seconds), "Life of a STREAM row, in seconds.")
          .Range(1, kYearSeconds),
      KeyOf(KALAM_KEY(stream.default_max_buffer), "Rows that a STREAM table keeps at most.")
          .Range(1, kMaxCount),
      KeyOf(KALAM_KEY(stream.eviction_interval_seconds), "How often expired rows are dropped.")
          .Range(1, 86'400),

      KeyOf(KALAM_KEY(limits.max_header_size), "Bytes of the header of an HTTP request.")
          .Range(kKiB, kMiB),
      KeyOf(KALAM_KEY(limits.max_body_size), "Bytes of the body of an HTTP request.")
          .Range(1, kGiB)
          .Alias("limits.max_message_size"),
      KeyOf(KALAM_KEY(limits.max_ws_message_size), "Bytes of a WebSocket message from a client.")
          .Range(1, kGiB),
      KeyOf(KALAM_KEY(limits.max_connection_queue_bytes),
            "Bytes waiting to be sent on a WebSocket before its subscriptions end.")
          .Range(64 * kKiB, 16 * kGiB),
      KeyOf(KALAM_KEY(limits.max_sql_length), "Bytes of SQL in one request.").Range(1, kGiB),
      KeyOf(KALAM_KEY(limits.max_nesting_depth),
            "Levels of parentheses and sub-queries, and of JSON.")
          .Range(8, 1'000),
      KeyOf(KALAM_KEY(limits.max_in_list), "Entries of an IN list.").Range(1, 10'000'000),
      KeyOf(KALAM_KEY(limits.max_values_rows), "Rows of one VALUES.").Range(1, 10'000'000),
      KeyOf(KALAM_KEY(limits.max_batch_statements), "Statements of one request.")
          .Range(1, 1'000'000),
      KeyOf(KALAM_KEY(limits.max_params), "Parameters of one request.").Range(1, 1'000'000),
      KeyOf(KALAM_KEY(limits.max_waiting_statements),
            "Statements that wait for a thread: as many point reads and writes, as many other writes, as many "
            "queries. More are answered 503 with Retry-After.")
          .Range(1, 1'000'000),
      KeyOf(KALAM_KEY(limits.max_waiting_statements_per_user), "Of these, one user's.").Range(1, 1'000'000),
      KeyOf(KALAM_KEY(limits.max_select_items), "Items of a SELECT, GROUP BY, ORDER BY or SET list.")
          .Range(1, 100'000),
      KeyOf(KALAM_KEY(limits.max_conditions), "AND, OR and WHEN in one statement.").Range(1, 1'000'000),
      KeyOf(KALAM_KEY(limits.max_joins), "Joins in one statement.").Range(1, 1'000),
      KeyOf(KALAM_KEY(limits.max_ctes), "WITH queries in one statement.").Range(1, 1'000),
      KeyOf(KALAM_KEY(limits.max_arrow_chain), "-> and lambdas in each other: each doubles the time of planning.")
          .Range(1, 24),
      KeyOf(KALAM_KEY(limits.max_subquery_depth),
            "Subqueries of expressions in each other: each doubles the time of planning.")
          .Range(1, 24),
      KeyOf(KALAM_KEY(limits.max_list_elements), "Elements of a list that a function makes.")
          .Range(1, kMaxCount),
      KeyOf(KALAM_KEY(limits.max_string_bytes), "Bytes of a string that a function makes.")
          .Range(1, 2 * kGiB - 1),
      KeyOf(KALAM_KEY(limits.statement_timeout_seconds), "Time of one statement.").Range(1, 86'400),
      KeyOf(KALAM_KEY(limits.statement_memory), "Bytes that one statement may use.")
          .Range(16 * kMiB, 1024 * kGiB),
      KeyOf(KALAM_KEY(limits.transaction_timeout_seconds), "Time from BEGIN to COMMIT.").Range(1, 86'400),
      KeyOf(KALAM_KEY(limits.transaction_memory), "Bytes that one transaction may have written before its COMMIT.")
          .Range(64 * kKiB, 64 * kGiB),
      KeyOf(KALAM_KEY(limits.max_request_ids), "Requests with a request_id that are remembered, for ten minutes each.")
          .Range(1, 100'000'000),
      KeyOf(KALAM_KEY(limits.request_id_memory), "Bytes of their answers.").Range(64 * kKiB, 64 * kGiB),
      KeyOf(KALAM_KEY(limits.max_query_limit),
            "Read for compatibility, not applied: results are never cut silently.")
          .Range(1, kMaxCount),
      KeyOf(KALAM_KEY(limits.default_query_limit), "Likewise; at most max_query_limit.")
          .Range(1, kMaxCount),

      KeyOf(KALAM_KEY(logging.level), "error, warn, info, debug or trace.")
          .Variable("KALAMDB_LOG_LEVEL"),
      KeyOf(KALAM_KEY(logging.file_path), "Empty: no file.")
          .BelowDataDir("logs/app.log")
          .Variable("KALAMDB_LOG_FILE")
          .Variable("KALAMDB_LOG_FILE_PATH"),
      KeyOf(KALAM_KEY(logging.log_to_console), "Log to standard error as well.")
          .Variable("KALAMDB_LOG_TO_CONSOLE"),
      KeyOf(KALAM_KEY(logging.format), "compact, pretty or json."),
      KeyOf(KALAM_KEY(logging.max_file_size), "Bytes after which a log file is archived.")
          .Range(4 * kKiB, 64 * kGiB),
      KeyOf(KALAM_KEY(logging.max_age), "Days that archives are kept.").Range(1, 36'500),
      KeyOf(KALAM_KEY(logging.max_files), "Archives kept.").Range(1, 10'000),

      KeyOf(KALAM_KEY(performance.request_timeout), "Seconds until a request is given up.")
          .Range(1, 86'400),
      KeyOf(KALAM_KEY(performance.keepalive_timeout), "Seconds that an idle connection stays open.")
          .Range(1, 86'400),
      KeyOf(KALAM_KEY(performance.header_timeout), "Seconds a client has to send a header.")
          .Range(1, 3'600),
      KeyOf(KALAM_KEY(performance.body_timeout), "Seconds a client has to send a body.")
          .Range(1, 86'400),
      KeyOf(KALAM_KEY(performance.write_timeout),
            "Seconds until an answer that nobody reads is dropped.")
          .Range(1, 86'400),
      KeyOf(KALAM_KEY(performance.max_connections), "Connections beyond it are answered with 503.")
          .Range(1, 1'000'000)
          .Variable("KALAMDB_MAX_CONNECTIONS"),

      KeyOf(KALAM_KEY(rate_limit.max_queries_per_sec),
            "SQL requests per user and second. 0: no limit.")
          .Range(0, kMaxCount),
      KeyOf(KALAM_KEY(rate_limit.max_messages_per_sec),
            "WebSocket messages per connection and second. 0: no limit.")
          .Range(0, kMaxCount),
      KeyOf(KALAM_KEY(rate_limit.max_subscriptions_per_user), "Live queries of one user.")
          .Range(1, 10'000'000),
      KeyOf(KALAM_KEY(rate_limit.max_subscriptions_per_connection), "Live queries of one WebSocket.")
          .Range(1, 10'000'000),
      KeyOf(KALAM_KEY(rate_limit.max_subscriptions), "Live queries of this server.").Range(1, 10'000'000),

      KeyOf(KALAM_KEY(query_cache.size), "Plans kept. 0: none.")
          .Range(0, 10'000'000)
          .Alias("query_cache_size")
          .Alias("query_cache.max_plans"),

      KeyOf(KALAM_KEY(session_cache.max_size), "Tables kept per user.")
          .Range(0, 10'000'000)
          .Alias("session_cache.max_registrations_per_session"),
      KeyOf(KALAM_KEY(session_cache.ttl), "Seconds after the last use.")
          .Range(1, kYearSeconds)
          .Alias("session_cache.ttl_seconds"),

      KeyOf(KALAM_KEY(users.user_deletion_grace_period_days),
            "Days until the data of a deleted user is removed.")
          .Range(0, 36'500)
          .Alias("user_deletion_grace_period_days"),
      KeyOf(KALAM_KEY(users.purge_interval_seconds), "Seconds between two looks for such users.")
          .Range(1, kYearSeconds),

      KeyOf(
          KALAM_KEY(auth.localhost_bypass),
          "Connections from this machine need no credentials, unless they come through a proxy or "
          "from a foreign web page."),
      KeyOf(KALAM_KEY(auth.localhost_default_user), "Who they are without X-USER-ID.")
          .Check(IsUserId),
      KeyOf(KALAM_KEY(auth.jwt_secret),
            "Signs and verifies tokens (HS256); `openssl rand -base64 48` makes one.")
          .Check(NotEmpty)
          .Secret()
          .Alias("authentication.jwt_secret")
          .Variable("KALAMDB_JWT_SECRET"),
      KeyOf(KALAM_KEY(auth.jwt_issuer), "When set, tokens must have it as `iss`."),
      KeyOf(KALAM_KEY(auth.jwt_audience), "When set, tokens must have it as or in `aud`."),
      KeyOf(KALAM_KEY(auth.token_lifetime_seconds), "Seconds that a token of the login endpoint is good for.")
          .Range(1, kYearSeconds)
          .Alias("authentication.session_timeout_seconds"),
      KeyOf(KALAM_KEY(auth.min_password_length), "Characters that a password has at least.")
          .Range(1, 256)
          .Alias("authentication.min_password_length"),
      KeyOf(KALAM_KEY(auth.max_password_length), "Characters that a password has at most.")
          .Range(1, 256)
          .Alias("authentication.max_password_length"),

      KeyOf(KALAM_KEY(sharding.default_strategy),
            "Of SHARDING without a strategy: alphabetic, numeric or consistent_hash."),
  };
}

#undef KALAM_KEY

}  // namespace

Status ConfigKey::Set(ServerConfig& config, const RawValue& raw) const {
  if (const Status done = assign(*this, config, raw); !done.ok()) {
    return Error(done.error().code(), name + " " + done.error().message());
  }
  return {};
}

std::string_view ConfigKey::section() const {
  return std::string_view(name).substr(0, name.rfind('.'));
}

std::string_view ConfigKey::short_name() const {
  return std::string_view(name).substr(name.rfind('.') + 1);
}

const std::vector<ConfigKey>& ConfigKeys() {
  static const std::vector<ConfigKey> keys = BuildKeys();
  return keys;
}

std::string VariableOf(std::string_view name) {
  std::string variable = "KALAMDB_";
  for (const char c : name) {
    if (c == '.') {
      variable += '_';
    } else {
      variable += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  return variable;
}

}  // namespace kalam::server
