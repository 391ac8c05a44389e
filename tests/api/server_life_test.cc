// Start, stop, and everything that should keep a server from starting; its logs and its binary. With
// tests/cli/cli_integration_test.cc: US13 T427 test_operational_improvements.

#include "support/server_test.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <thread>
#include <vector>

namespace kalam::test {
namespace {

using ServerLife = OwnServerTest;

TEST_F(ServerLife, StopsCleanlyAndKeepsItsRows) {
  ServerProcess& server = Make();
  server.Start();
  ASSERT_TRUE(Ok(SqlClient(server.port()).Run("CREATE TABLE t (id BIGINT PRIMARY KEY); INSERT INTO t VALUES (1)")));
  server.Restart();
  EXPECT_EQ(SqlClient(server.port()).Run("SELECT count(*) FROM t").cell(), "1");
}

TEST_F(ServerLife, ASecondServerOnTheSameFolderIsRefused) {
  ServerProcess& first = Make();
  first.Start();
  ServerProcess& second = Make({.data_dir = first.data_dir()});
  EXPECT_NE(second.StartAndFail().code, 0);
  EXPECT_NE(second.Output().find("in use"), std::string::npos);
  EXPECT_TRUE(Ok(SqlClient(first.port()).Run("SELECT 1")));
}

// US13 T429 test_port_already_in_use
TEST_F(ServerLife, ATakenPortIsNamedBeforeTheStoreOpens) {
  ServerProcess& first = Make();
  first.Start();
  ServerProcess& second = Make({.port = first.port()});
  EXPECT_NE(second.StartAndFail().code, 0);
  EXPECT_NE(second.Output().find("port " + std::to_string(first.port())), std::string::npos);
  EXPECT_EQ(second.Output().find("store open"), std::string::npos);
}

TEST_F(ServerLife, ABrokenConfigurationIsNamed) {
  ServerProcess& unknown = Make({.config = "[server]\nprot = 1\n"});
  EXPECT_NE(unknown.StartAndFail().code, 0);
  EXPECT_NE(unknown.Output().find("server.prot"), std::string::npos);
  ServerProcess& garbage = Make({.config = "[server\n"});
  EXPECT_NE(garbage.StartAndFail().code, 0);
}

// FR-051: how large the store is stands in the log, at the start and from time to time.
TEST_F(ServerLife, TheSizeOfTheStoreIsLogged) {
  ServerProcess& server = Make({.env = {{"KALAMDB_USERS_PURGE_INTERVAL_SECONDS", "1"}}});
  server.Start();
  const auto times = [&] {
    int count = 0;
    const std::string log = server.Output();
    for (std::size_t at = 0; (at = log.find(" bytes in files", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  EXPECT_EQ(times(), 1);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (times() < 2 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_GE(times(), 2);
}

// US13 T433 test_log_rotation_triggers
TEST_F(ServerLife, LogsBecomeArchivesOfWhichTheOldestGo) {
  constexpr std::uintmax_t kMaxBytes = 8'192;
  ServerProcess& server = Make({.env = {{"KALAMDB_LOGGING_MAX_FILE_SIZE", std::to_string(kMaxBytes)},
                                        {"KALAMDB_LOGGING_MAX_FILES", "3"},
                                        {"KALAMDB_LOGGING_MAX_AGE", "30"},
                                        {"KALAMDB_LOGGING_LEVEL", "debug"}}});
  const auto logs = server.data_dir() / "logs";
  std::filesystem::create_directories(logs);
  for (const auto& [name, days] : {std::pair{"app.1.log", 29}, {"app.2.log", 31}}) {
    std::ofstream(logs / name) << "of another time";
    std::filesystem::last_write_time(
        logs / name, std::filesystem::file_time_type::clock::now() - std::chrono::hours(24) * days);
  }
  server.Start();
  EXPECT_TRUE(std::filesystem::exists(logs / "app.1.log"));
  EXPECT_FALSE(std::filesystem::exists(logs / "app.2.log")) << "older than max_age";

  SqlClient sql(server.port());
  ASSERT_TRUE(Ok(sql.Run("CREATE NAMESPACE app; CREATE TABLE app.t (id BIGINT PRIMARY KEY)")));
  // Each flush says when it begins and ends.
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  const auto first_is_gone = [&] {
    std::ifstream oldest(logs / "app.3.log");
    std::string line;
    return std::getline(oldest, line) && line != "of another time" && line.find("KalamDB ") == std::string::npos;
  };
  while (!first_is_gone() && std::chrono::steady_clock::now() < give_up) {
    ASSERT_TRUE(Ok(sql.Run("FLUSH TABLE app.t")));
  }
  server.Stop();
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(logs)) {
    EXPECT_LE(entry.file_size(), kMaxBytes) << entry.path();
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"app.1.log", "app.2.log", "app.3.log", "app.log"}));
}

// Each line in the form that section 10.2 gives.
TEST_F(ServerLife, LogLinesSayWhenHowBadAndWhere) {
  ServerProcess& server = Make();
  const auto file = server.data_dir() / "logs" / "app.log";
  server.Start();
  server.Stop();
  static const std::regex kForm(R"(\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] \[(INFO |WARN |ERROR)\] )"
                                R"(\[\d+ - [a-z]+/[a-z_]+:[1-9]\d*\] - .+)");
  std::ifstream log(file);
  int lines = 0;
  for (std::string line; std::getline(log, line); ++lines) EXPECT_TRUE(std::regex_match(line, kForm)) << line;
  EXPECT_GE(lines, 2);
}

// US6 T358 test_binary_size_optimization: a release binary without test code
TEST_F(ServerLife, TheBinaryHasNoTestCode) {
  std::ifstream file(ServerBinary(), std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  ASSERT_GT(bytes.size(), 1'000'000u);
  for (const char* of_tests : {"libgtest", "libgmock", "testing4Test", "5kalam4test"}) {
    EXPECT_EQ(bytes.find(of_tests), std::string::npos) << of_tests;
  }
}

TEST_F(ServerLife, AReadOnlyFolderIsAClearError) {
  TempDir folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  ServerProcess& server = Make({.data_dir = folder.path() / "data", .obey_permissions = true});
  EXPECT_NE(server.StartAndFail().code, 0);
  EXPECT_NE(server.Output().find("data"), std::string::npos);
}

TEST_F(ServerLife, MySqlErrorStyleIsAConfigurationAway) {
  ServerProcess& server = Make({.env = {{"KALAMDB_SERVER_ERROR_STYLE", "mysql"}}});
  server.Start();
  EXPECT_EQ(SqlClient(server.port()).Run("SELECT * FROM nope").error(),
            "ERROR 1146 (42S02): Table 'nope' doesn't exist");
}

}  // namespace
}  // namespace kalam::test
