#include "server/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "config_keys.h"

namespace kalam::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    folder_ = std::filesystem::temp_directory_path() /
              ("kalam-config-" + std::to_string(getpid()) + "-" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    file_ = (folder_ / "config.toml").string();
  }
  ~ConfigTest() override { std::filesystem::remove_all(folder_); }

  Result<ServerConfig> Load(std::string_view toml, const Settings& environment = {},
                            const Settings& flags = {}) {
    std::ofstream(file_, std::ios::binary) << toml;
    return LoadConfig(file_, environment, flags);
  }
  ServerConfig Loaded(std::string_view toml, const Settings& environment = {},
                      const Settings& flags = {}) {
    auto config = Load(toml, environment, flags);
    EXPECT_TRUE(config.ok()) << (config.ok() ? "" : config.error().message());
    return config.ok() ? *std::move(config) : ServerConfig();
  }
  // The message without the folder: "config.toml:3: ...".
  std::string ErrorOf(std::string_view toml, const Settings& environment = {},
                      const Settings& flags = {}) {
    const auto config = Load(toml, environment, flags);
    if (config.ok()) return "accepted";
    const std::string& message = config.error().message();
    const std::string prefix = folder_.string() + "/";
    return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
  }

  std::filesystem::path folder_;
  std::string file_;
};

std::string WholeFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST_F(ConfigTest, AnEmptyFileGivesTheDefaults) {
  EXPECT_EQ(DescribeConfig(Loaded("")), DescribeConfig(ServerConfig()));
}

TEST_F(ConfigTest, DefaultsAreThoseOfTheSpecification) {
  const ServerConfig config = Loaded("");
  EXPECT_EQ(config.server.host, "127.0.0.1");
  EXPECT_EQ(config.server.port, 8080);
  EXPECT_EQ(config.server.api_version, "v1");
  EXPECT_EQ(config.server.flush_job_shutdown_timeout_seconds, std::chrono::seconds(300));
  EXPECT_EQ(config.storage.rocksdb_path, "./data/rocksdb");
  EXPECT_EQ(config.storage.default_storage_path, "./data/storage");
  EXPECT_EQ(config.storage.sync, StorageSync::kCommit);
  EXPECT_EQ(config.storage.rocksdb.wal_log_count, 3);
  EXPECT_EQ(config.limits.max_body_size, 16u << 20);
  EXPECT_EQ(config.limits.max_ws_message_size, 1u << 20);
  EXPECT_EQ(config.limits.max_in_list, 100'000u);
  EXPECT_EQ(config.rate_limit.max_queries_per_sec, 0u);
  EXPECT_EQ(config.rate_limit.max_subscriptions_per_user, 100u);
  EXPECT_TRUE(config.auth.localhost_bypass);
  EXPECT_EQ(config.auth.localhost_default_user, "system");
}

TEST_F(ConfigTest, ReadsEveryKindOfValue) {
  const ServerConfig config = Loaded(R"(
[server]
port = 9000
cors_origins = ["https://app.example.com", "*"]
error_style = "mysql"
test_api_key = "k"
[storage]
sync = "interval"
log_retention_seconds = 120
[storage.rocksdb]
write_buffer_size = 1048576
[logging]
level = "trace"
format = "json"
log_to_console = false
[sharding]
default_strategy = "consistent_hash"
)");
  EXPECT_EQ(config.server.port, 9000);
  EXPECT_THAT(config.server.cors_origins, ElementsAre("https://app.example.com", "*"));
  EXPECT_EQ(config.server.error_style, ErrorStyle::kMysql);
  EXPECT_EQ(config.server.test_api_key, "k");
  EXPECT_EQ(config.storage.sync, StorageSync::kInterval);
  EXPECT_EQ(config.storage.log_retention_seconds, std::chrono::seconds(120));
  EXPECT_EQ(config.storage.rocksdb.write_buffer_size, 1u << 20);
  EXPECT_EQ(config.logging.level, log::Level::kTrace);
  EXPECT_EQ(config.logging.format, log::Format::kJson);
  EXPECT_FALSE(config.logging.log_to_console);
  EXPECT_EQ(config.sharding.default_strategy, ShardingStrategy::kConsistentHash);
}

TEST_F(ConfigTest, OlderNamesMeanTheSameKeys) {
  const ServerConfig config = Loaded(R"(
query_cache_size = 7
user_deletion_grace_period_days = 3
[limits]
max_message_size = 1000
[datafusion]
batch_size = 1024
[flush]
flush_job_shutdown_timeout_seconds = 9
[session_cache]
ttl_seconds = 11
[authentication]
jwt_secret = "a secret that is long enough to use"
)");
  EXPECT_EQ(config.query_cache.size, 7u);
  EXPECT_EQ(config.users.user_deletion_grace_period_days, 3);
  EXPECT_EQ(config.limits.max_body_size, 1000u);
  EXPECT_EQ(config.limits.max_ws_message_size, 1u << 20);
  EXPECT_EQ(config.engine.batch_size, 1024u);
  EXPECT_EQ(config.server.flush_job_shutdown_timeout_seconds, std::chrono::seconds(9));
  EXPECT_EQ(config.session_cache.ttl, std::chrono::seconds(11));
  EXPECT_EQ(config.auth.jwt_secret, "a secret that is long enough to use");
}

TEST_F(ConfigTest, AKeyGivenTwiceIsAnError) {
  EXPECT_EQ(ErrorOf("[limits]\nmax_body_size = 5\nmax_message_size = 6\n"),
            "config.toml:3: limits.max_body_size is given twice, as limits.max_body_size and as "
            "limits.max_message_size");
}

TEST_F(ConfigTest, UnknownKeysAndSectionsAreErrorsWithTheirLine) {
  EXPECT_EQ(ErrorOf("[server]\nport = 1\nprot = 2\n"), "config.toml:3: unknown key 'server.prot'");
  EXPECT_EQ(ErrorOf("\n[sever]\nport = 1\n"), "config.toml:2: unknown section 'sever'");
  EXPECT_EQ(ErrorOf("[storage.rocks]\n"), "config.toml:1: unknown section 'storage.rocks'");
  EXPECT_EQ(ErrorOf("port = 1\n"), "config.toml:1: unknown key 'port'");
  EXPECT_EQ(ErrorOf("server = 1\n"), "config.toml:1: 'server' must be a section");
}

TEST_F(ConfigTest, WrongTypesNameTheKey) {
  EXPECT_EQ(ErrorOf("[server]\nport = \"80\"\n"),
            "config.toml:2: server.port must be an integer, not a string");
  EXPECT_EQ(ErrorOf("[server]\nport = 80.5\n"),
            "config.toml:2: server.port must be an integer, not a fraction");
  EXPECT_EQ(ErrorOf("[server]\nhost = 1\n"),
            "config.toml:2: server.host must be a string, not an integer");
  EXPECT_EQ(ErrorOf("[server.port]\nx = 1\n"),
            "config.toml:1: server.port must be an integer, not a section");
  EXPECT_EQ(ErrorOf("[server]\ncors_origins = \"*\"\n"),
            "config.toml:2: server.cors_origins must be an array of strings, not a string");
  EXPECT_EQ(ErrorOf("[server]\ncors_origins = [1]\n"),
            "config.toml:2: server.cors_origins must be an array of strings, not an array of other "
            "things");
  EXPECT_EQ(ErrorOf("[auth]\nlocalhost_bypass = 1\n"),
            "config.toml:2: auth.localhost_bypass must be true or false, not an integer");
  EXPECT_EQ(ErrorOf("[logging]\nlevel = 2020-01-01\n"),
            "config.toml:2: logging.level must be one of trace, debug, info, warn, error, not a "
            "date or time");
}

TEST_F(ConfigTest, ValuesOutOfRangeNameTheKey) {
  EXPECT_EQ(ErrorOf("[server]\nport = 0\n"),
            "config.toml:2: server.port must be between 1 and 65535, not 0");
  EXPECT_EQ(ErrorOf("[server]\nport = 65536\n"),
            "config.toml:2: server.port must be between 1 and 65535, not 65536");
  EXPECT_EQ(ErrorOf("[flush]\nnode_id = 1024\n"),
            "config.toml:2: flush.node_id must be between 0 and 1023, not 1024");
  EXPECT_THAT(ErrorOf("[limits]\nmax_message_size = 0\n"), HasSubstr("limits.max_body_size"));
  EXPECT_EQ(ErrorOf("[logging]\nlevel = \"verbose\"\n"),
            "config.toml:2: logging.level must be one of trace, debug, info, warn, error, not "
            "'verbose'");
  EXPECT_THAT(ErrorOf("[logging]\nformat = \"xml\"\n"), HasSubstr("logging.format"));
  EXPECT_THAT(ErrorOf("[storage]\ncompression = \"rar\"\n"), HasSubstr("storage.compression"));
  EXPECT_THAT(ErrorOf("[storage]\nsync = \"never\"\n"), HasSubstr("storage.sync"));
  EXPECT_THAT(ErrorOf("[storage]\nenable_wal = false\n"), HasSubstr("storage.enable_wal"));
  EXPECT_THAT(ErrorOf("[storage]\nrocksdb_path = \"\"\n"), HasSubstr("storage.rocksdb_path"));
  EXPECT_THAT(ErrorOf("[server]\napi_version = \"v1/x\"\n"), HasSubstr("server.api_version"));
  EXPECT_THAT(ErrorOf("[server]\ncors_origins = [\"app.example.com\"]\n"),
              HasSubstr("server.cors_origins"));
  EXPECT_THAT(ErrorOf("[auth]\nlocalhost_default_user = \"a b\"\n"),
              HasSubstr("auth.localhost_default_user"));
  EXPECT_THAT(ErrorOf("[auth]\njwt_secret = \"\"\n"), HasSubstr("auth.jwt_secret"));
  EXPECT_THAT(ErrorOf("[flush]\njob_cleanup_schedule = \"daily\"\n"),
              HasSubstr("flush.job_cleanup_schedule"));
  EXPECT_THAT(ErrorOf("[flush]\njob_cleanup_schedule = \"0 0 * *\"\n"),
              HasSubstr("flush.job_cleanup_schedule"));
  EXPECT_THAT(ErrorOf("[limits]\ndefault_query_limit = 2000\n"),
              HasSubstr("limits.default_query_limit"));
}

TEST_F(ConfigTest, BrokenTomlNamesLineAndColumn) {
  EXPECT_THAT(ErrorOf("[server]\nport = \n"), testing::StartsWith("config.toml:2:"));
  EXPECT_THAT(ErrorOf("[server\n"), testing::StartsWith("config.toml:1:8: "));
  EXPECT_THAT(ErrorOf(std::string("\0\x01\xFF\xFE", 4)), testing::StartsWith("config.toml:1:"));
}

TEST_F(ConfigTest, NoFileCrashesTheReader) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string good = DescribeConfig(ServerConfig());
  for (int i = 0; i < 300; ++i) {
    std::string text = good;
    for (int edit = 0; edit < 5; ++edit) text[random() % text.size()] = static_cast<char>(random());
    if (i % 3 == 0) text.resize(random() % text.size());
    const std::string outcome = ErrorOf(text);
    EXPECT_FALSE(outcome.empty());
  }
}

TEST_F(ConfigTest, ANamedFileMustExist) {
  const auto config = LoadConfig(file_, {}, {});
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().code(), ErrorCode::kIo);
  EXPECT_EQ(config.error().message(),
            "can't read configuration file '" + file_ + "': no such file");
  const auto folder = LoadConfig(folder_.string(), {}, {});
  ASSERT_FALSE(folder.ok());
  EXPECT_THAT(folder.error().message(), HasSubstr("it is a folder"));
}

TEST_F(ConfigTest, TheDefaultFileIsReadOnlyIfItExists) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  const auto without = LoadConfig(std::nullopt, {}, {});
  std::ofstream("config.toml") << "[server]\nport = 9001\n";
  const auto with = LoadConfig(std::nullopt, {}, {});
  std::filesystem::current_path(before);
  ASSERT_TRUE(without.ok());
  EXPECT_EQ(without->server.port, 8080);
  ASSERT_TRUE(with.ok());
  EXPECT_EQ(with->server.port, 9001);
}

TEST_F(ConfigTest, EnvironmentWinsOverTheFileAndFlagsOverBoth) {
  const std::string_view toml = "[server]\nport = 1001\nworkers = 1\nhost = \"127.0.0.2\"\n";
  const Settings environment = {{"KALAMDB_SERVER_PORT", "1002"}, {"KALAMDB_SERVER_WORKERS", "2"}};
  const ServerConfig config = Loaded(toml, environment, {{"server.port", "1003"}});
  EXPECT_EQ(config.server.port, 1003);
  EXPECT_EQ(config.server.workers, 2u);
  EXPECT_EQ(config.server.host, "127.0.0.2");
}

TEST_F(ConfigTest, EveryKeyCanBeGivenInTheEnvironment) {
  Settings environment;
  for (const ConfigKey& key : ConfigKeys()) {
    const auto value = key.print(ServerConfig());
    std::string text = value.value_or("\"x\"");
    if (text.front() == '"') text = text.substr(1, text.size() - 2);
    environment[VariableOf(key.name)] = text == "[]" ? "" : text;
  }
  environment["KALAMDB_STORAGE_CREDENTIALS_KEY"] = std::string(64, 'a');
  environment["KALAMDB_SERVER_CORS_ORIGINS"] = "http://a.example, http://b.example:81";
  const ServerConfig config = Loaded("", environment);
  EXPECT_THAT(config.server.cors_origins, ElementsAre("http://a.example", "http://b.example:81"));
  EXPECT_EQ(config.auth.jwt_issuer, "x");
  for (const std::string& warning : config.warnings) {
    EXPECT_THAT(warning, testing::Not(HasSubstr("environment"))) << warning;
  }
}

TEST_F(ConfigTest, OlderVariablesAreUnderstood) {
  const ServerConfig config = Loaded("", {{"KALAMDB_HOST", "localhost"},
                                          {"KALAMDB_PORT", "9002"},
                                          {"KALAMDB_LOG_LEVEL", "WARN"},
                                          {"KALAMDB_LOG_FILE_PATH", "/tmp/k.log"},
                                          {"KALAMDB_LOG_TO_CONSOLE", "yes"},
                                          {"KALAMDB_ROCKSDB_PATH", "/tmp/k"},
                                          {"KALAMDB_MAX_CONNECTIONS", "12"},
                                          {"KALAMDB_QUERY_CACHE_SIZE", "5"},
                                          {"KALAMDB_DATAFUSION_BATCH_SIZE", "128"}});
  EXPECT_EQ(config.server.host, "localhost");
  EXPECT_EQ(config.server.port, 9002);
  EXPECT_EQ(config.logging.level, log::Level::kWarn);
  EXPECT_EQ(config.logging.file_path, "/tmp/k.log");
  EXPECT_TRUE(config.logging.log_to_console);
  EXPECT_EQ(config.storage.rocksdb_path, "/tmp/k");
  EXPECT_EQ(config.performance.max_connections, 12u);
  EXPECT_EQ(config.query_cache.size, 5u);
  EXPECT_EQ(config.engine.batch_size, 128u);
  EXPECT_EQ(Loaded("", {{"KALAMDB_PORT", "1"}, {"KALAMDB_SERVER_PORT", "2"}}).server.port, 2);
}

TEST_F(ConfigTest, ErrorsOfVariablesAndFlagsNameThem) {
  EXPECT_EQ(ErrorOf("", {{"KALAMDB_PORT", "eighty"}}),
            "environment variable KALAMDB_PORT: server.port must be an integer");
  EXPECT_EQ(
      ErrorOf("", {{"KALAMDB_PORT", "70000"}}),
      "environment variable KALAMDB_PORT: server.port must be between 1 and 65535, not 70000");
  for (const char* number : {"", "1 2", "0x50", "80.0", "99999999999999999999", "+80"}) {
    EXPECT_EQ(ErrorOf("", {{"KALAMDB_PORT", number}}),
              "environment variable KALAMDB_PORT: server.port must be an integer")
        << number;
  }
  EXPECT_EQ(ErrorOf("", {{"KALAMDB_LOG_TO_CONSOLE", "maybe"}}),
            "environment variable KALAMDB_LOG_TO_CONSOLE: logging.log_to_console must be true or "
            "false");
  EXPECT_EQ(ErrorOf("", {}, {{"server.port", "0"}}),
            "command line: server.port must be between 1 and 65535, not 0");
  EXPECT_EQ(ErrorOf("", {}, {{"server.prot", "1"}}), "command line: unknown key 'server.prot'");
}

TEST_F(ConfigTest, UnknownVariablesAreWarnedAbout) {
  const ServerConfig config = Loaded("", {{"KALAMDB_SERVER_PROT", "1"}, {"HOME", "/x"}});
  EXPECT_THAT(config.warnings, testing::Contains(HasSubstr("KALAMDB_SERVER_PROT")));
  EXPECT_THAT(config.warnings, testing::Not(testing::Contains(HasSubstr("HOME"))));
}

TEST_F(ConfigTest, TheDataFolderMovesEverything) {
  const ServerConfig config = Loaded("", {{"KALAMDB_DATA_DIR", "/srv/k"}});
  EXPECT_EQ(config.storage.rocksdb_path, "/srv/k/rocksdb");
  EXPECT_EQ(config.storage.default_storage_path, "/srv/k/storage");
  EXPECT_EQ(config.logging.file_path, "/srv/k/logs/app.log");
  EXPECT_EQ(Loaded("", {}, {{"data_dir", "/srv/k/"}}).storage.rocksdb_path, "/srv/k/rocksdb");
}

TEST_F(ConfigTest, APathGivenAtLeastAsLateAsTheDataFolderStays) {
  const std::string_view toml = "[storage]\ndata_dir = \"/a\"\nrocksdb_path = \"/fast\"\n";
  EXPECT_EQ(Loaded(toml).storage.rocksdb_path, "/fast");
  EXPECT_EQ(Loaded(toml).storage.default_storage_path, "/a/storage");
  EXPECT_EQ(Loaded(toml, {{"KALAMDB_DATA_DIR", "/b"}}).storage.rocksdb_path, "/b/rocksdb");
  EXPECT_EQ(Loaded(toml, {}, {{"storage.rocksdb_path", "/c"}}).storage.rocksdb_path, "/c");
  EXPECT_EQ(Loaded("[logging]\nfile_path = \"\"\n").logging.file_path, "") << "no log file";
}

TEST_F(ConfigTest, TheDevelopmentSecretKeepsTheServerAtHome) {
  for (const char* host :
       {"0.0.0.0", "::", "10.0.0.5", "db.example.com", "localhost.example.com"}) {
    const std::string toml = "[server]\nhost = \"" + std::string(host) + "\"\n";
    const std::string error = ErrorOf(toml);
    EXPECT_THAT(error, HasSubstr("auth.jwt_secret")) << host;
    EXPECT_THAT(error, HasSubstr("server.host")) << host;
    EXPECT_EQ(ErrorOf(toml, {{"KALAMDB_AUTH_JWT_SECRET", std::string(40, 's')}}), "accepted");
  }
  for (const char* host : {"127.0.0.1", "127.1.2.3", "localhost", "::1"}) {
    EXPECT_EQ(ErrorOf("[server]\nhost = \"" + std::string(host) + "\"\n"), "accepted") << host;
  }
}

TEST_F(ConfigTest, WeakSecretsAreWarnedAbout) {
  EXPECT_THAT(Loaded("").warnings, ElementsAre(HasSubstr("development default")));
  EXPECT_THAT(Loaded("[auth]\njwt_secret = \"short\"\n").warnings,
              ElementsAre(HasSubstr("shorter than 32 bytes")));
  EXPECT_THAT(Loaded("[auth]\njwt_secret = \"" + std::string(32, 's') + "\"\n").warnings,
              IsEmpty());
}

TEST_F(ConfigTest, SecretsAreNeverPrinted) {
  const ServerConfig config =
      Loaded("[server]\ntest_api_key = \"hidden-key\"\n[auth]\njwt_secret = \"hidden-secret\"\n");
  const std::string text = DescribeConfig(config);
  EXPECT_THAT(text, testing::Not(HasSubstr("hidden")));
  EXPECT_THAT(text, HasSubstr("# jwt_secret is set\n"));
}

TEST_F(ConfigTest, ThePrintedConfigurationLoadsAsItself) {
  const ServerConfig config = Loaded(R"(
[server]
port = 9000
api_version = "v2"
cors_origins = ["http://a.example", "http://b.example"]
[storage]
data_dir = "/srv/\"quoted\" \\ folder"
default_storage_path = "/elsewhere"
[auth]
jwt_issuer = "issuer"
)");
  const std::string text = DescribeConfig(config);
  EXPECT_EQ(DescribeConfig(Loaded(text)), text);
}

TEST_F(ConfigTest, TheExampleFileIsTheReferenceAndLoadsAsTheDefaults) {
  const std::string path = KALAM_SOURCE_DIR "/config.example.toml";
  const std::string text = WholeFile(path);
  EXPECT_EQ(text, DescribeConfig(ServerConfig()));
  const auto config = LoadConfig(path, {}, {});
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(DescribeConfig(*config), text);
}

TEST(ConfigKeys, NamesAliasesAndVariablesAreDistinct) {
  std::set<std::string> names;
  std::set<std::string> variables;
  for (const ConfigKey& key : ConfigKeys()) {
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
    EXPECT_TRUE(variables.insert(VariableOf(key.name)).second) << key.name;
    EXPECT_FALSE(key.doc.empty()) << key.name;
    for (const std::string& alias : key.aliases) {
      EXPECT_TRUE(names.insert(alias).second) << alias;
      // `query_cache.size` and `query_cache_size` share one variable, and one key.
      if (VariableOf(alias) != VariableOf(key.name)) {
        EXPECT_TRUE(variables.insert(VariableOf(alias)).second) << alias;
      }
    }
    for (const std::string& variable : key.variables) {
      EXPECT_TRUE(variables.insert(variable).second) << variable;
    }
  }
}

TEST(ConfigKeys, DefaultsAreValid) {
  for (const ConfigKey& key : ConfigKeys()) {
    const ServerConfig defaults;
    auto text = key.print(defaults);
    if (!text) continue;
    if (text->front() == '"') text = text->substr(1, text->size() - 2);
    if (*text == "[]") text = "";
    ServerConfig config;
    const Status set = key.Set(config, TextValue{*text});
    EXPECT_TRUE(set.ok()) << set.error().message();
    EXPECT_EQ(key.print(config), key.print(defaults));
  }
}

}  // namespace
}  // namespace kalam::server
