#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"

namespace kalam::server {

// Anybody may know it: the server then listens on loopback addresses only.
inline constexpr std::string_view kDevelopmentJwtSecret =
    "kalamdb-dev-secret-key-change-in-production";

enum class ErrorStyle { kPostgres, kMysql };
enum class StorageSync { kCommit, kInterval };
enum class Compression { kNone, kSnappy, kZlib, kLz4, kZstd };
enum class ShardingStrategy { kAlphabetic, kNumeric, kConsistentHash };

// Everything that an operator can set. A member has the name of its key: `server.port` is the key
// `port` of section `[server]`; what each one means stands in config_keys.cc, once, and is printed
// by DescribeConfig. Sizes are bytes. A loaded configuration is valid and not changed any more.
struct ServerConfig {
  struct Server {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8080;
    unsigned workers = 0;
    std::string api_version = "v1";
    std::chrono::seconds flush_job_shutdown_timeout_seconds{300};
    std::optional<std::string> test_api_key;
    std::vector<std::string> cors_origins;
    ErrorStyle error_style = ErrorStyle::kPostgres;
  };
  struct RocksDb {
    std::uint64_t write_buffer_size = 64 << 20;
    int max_write_buffers = 3;
    std::uint64_t block_cache_size = 256 << 20;
    int max_background_jobs = 4;
    int wal_log_count = 3;
  };
  struct Storage {
    std::string data_dir = "./data";
    std::string rocksdb_path = "./data/rocksdb";
    std::string default_storage_path = "./data/storage";
    std::optional<std::string> credentials_key;  // 64 hexadecimal digits
    bool enable_wal = true;
    Compression compression = Compression::kLz4;
    StorageSync sync = StorageSync::kCommit;
    std::chrono::seconds log_retention_seconds{86'400};
    std::uint64_t log_max_bytes = 1 << 30;
    std::uint64_t segment_memory = 256 << 20;
    std::uint64_t segment_rows_cache_size = 128 << 20;
    std::uint64_t segment_cache_size = std::uint64_t{4} << 30;
    std::vector<std::string> s3_endpoint_hosts;
    RocksDb rocksdb;
  };
  struct Engine {
    std::uint64_t memory_limit = 1 << 30;
    unsigned query_parallelism = 0;
    unsigned max_partitions = 16;
    unsigned batch_size = 8192;
  };
  struct Flush {
    int node_id = 0;
    std::int64_t default_row_limit = 10'000;
    std::chrono::seconds default_time_interval{300};
    int job_retention_days = 30;
    std::string job_cleanup_schedule = "0 0 * * *";
  };
  struct Compaction {
    std::uint64_t min_files = 8;
    std::uint64_t max_file_size = 512 << 20;
    std::chrono::seconds keep_files_seconds{600};
  };
  struct Retention {
    std::chrono::hours default_deleted_retention_hours{168};
    std::string cleanup_schedule = "30 3 * * *";
  };
  struct Stream {
    std::chrono::seconds default_ttl_seconds{10};
    std::int64_t default_max_buffer = 10'000;
    std::chrono::seconds eviction_interval_seconds{60};
  };
  struct Limits {
    std::uint64_t max_header_size = 16 << 10;
    std::uint64_t max_body_size = 16 << 20;
    std::uint64_t max_ws_message_size = 1 << 20;
    std::uint64_t max_connection_queue_bytes = 8 << 20;
    std::uint64_t max_sql_length = 16 << 20;
    unsigned max_nesting_depth = 200;
    unsigned max_in_list = 100'000;
    unsigned max_values_rows = 100'000;
    unsigned max_batch_statements = 1'000;
    unsigned max_params = 65'535;
    unsigned max_waiting_statements = 4'096;
    unsigned max_waiting_statements_per_user = 1'024;
    unsigned max_select_items = 4'000;
    unsigned max_conditions = 5'000;
    unsigned max_joins = 64;
    unsigned max_ctes = 200;
    unsigned max_arrow_chain = 12;
    unsigned max_subquery_depth = 16;
    std::uint64_t max_list_elements = 1'000'000;
    std::uint64_t max_string_bytes = 64 << 20;
    std::chrono::seconds statement_timeout_seconds{30};
    std::uint64_t statement_memory = 1 << 30;
    std::chrono::seconds transaction_timeout_seconds{60};
    std::uint64_t transaction_memory = 64 << 20;
    std::uint64_t max_request_ids = 200'000;
    std::uint64_t request_id_memory = 64 << 20;
    std::int64_t max_query_limit = 1'000;
    std::int64_t default_query_limit = 50;
  };
  struct Logging {
    log::Level level = log::Level::kInfo;
    std::string file_path = "./data/logs/app.log";
    bool log_to_console = true;
    log::Format format = log::Format::kCompact;
    std::uint64_t max_file_size = 100 << 20;
    int max_age = 30;
    int max_files = 10;
  };
  struct Performance {
    std::chrono::seconds request_timeout{30};
    std::chrono::seconds keepalive_timeout{75};
    std::chrono::seconds header_timeout{10};
    std::chrono::seconds body_timeout{30};
    std::chrono::seconds write_timeout{30};
    unsigned max_connections = 25'000;
  };
  struct RateLimit {
    unsigned max_queries_per_sec = 0;
    unsigned max_messages_per_sec = 1'000;
    unsigned max_subscriptions_per_user = 100;
    unsigned max_subscriptions_per_connection = 50;
    unsigned max_subscriptions = 200'000;
  };
  struct QueryCache {
    unsigned size = 1'000;
  };
  struct SessionCache {
    unsigned max_size = 100;
    std::chrono::seconds ttl{1'800};
  };
  struct Users {
    int user_deletion_grace_period_days = 30;
    std::chrono::seconds purge_interval_seconds{3'600};
  };
  struct Auth {
    bool localhost_bypass = true;
    std::string localhost_default_user = "system";
    std::string jwt_secret{kDevelopmentJwtSecret};
    std::optional<std::string> jwt_issuer;
    std::optional<std::string> jwt_audience;
    std::chrono::seconds token_lifetime_seconds{3'600};
    unsigned min_password_length = 8;
    unsigned max_password_length = 72;
  };
  struct Sharding {
    ShardingStrategy default_strategy = ShardingStrategy::kAlphabetic;
  };

  Server server;
  Storage storage;
  Engine engine;
  Flush flush;
  Compaction compaction;
  Retention retention;
  Stream stream;
  Limits limits;
  Logging logging;
  Performance performance;
  RateLimit rate_limit;
  QueryCache query_cache;
  SessionCache session_cache;
  Users users;
  Auth auth;
  Sharding sharding;

  // What the operator should know, one line each, for the log at start.
  std::vector<std::string> warnings;
};

// Variables or flags by name. The flags are named by their key: {"server.port", "8081"}.
using Settings = std::map<std::string, std::string, std::less<>>;

// The file read when none is named, if it exists.
inline constexpr std::string_view kDefaultConfigFile = "./config.toml";

// File, then environment, then flags, each winning over the one before, then the checks that need
// more than one key. `environment` may hold anything; only names that begin with KALAMDB_ matter.
//
// Errors name the key and where it was given: `config.toml:3: server.port must be between 1 and
// 65535, not 0`. kIo when a named file can't be read, else kInvalidArgument. No message repeats a
// secret.
Result<ServerConfig> LoadConfig(const std::optional<std::string>& path, const Settings& environment,
                                const Settings& flags);

// The variables of this process, for LoadConfig.
Settings ProcessEnvironment();

// `config` as a commented config.toml, with what each key means. Secrets are left out, as are paths
// that follow from `storage.data_dir`. Of a default ServerConfig it is the reference:
// config.example.toml.
std::string DescribeConfig(const ServerConfig& config);

}  // namespace kalam::server
