// Start, stop, and everything that should keep a server from starting.

#include "support/server_test.h"

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
