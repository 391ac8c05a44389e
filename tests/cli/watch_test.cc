// Live queries at the command line: `kalam watch`, and SUBSCRIBE TO wherever SQL is given.

#include "kalam_runner.h"
#include "support/server_test.h"

#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace kalam::test {
namespace {

class CliWatch : public SharedServerTest {
 protected:
  void SetUp() override {
    ns_ = OwnNamespace();
    ASSERT_TRUE(
        Ok(Sql().Run("CREATE USER TABLE " + ns_ + ".notes (id BIGINT PRIMARY KEY, body TEXT)")));
  }
  static SqlClient Sql() { return Client(); }
  KalamRunner Kalam() const {
    return KalamRunner("http://127.0.0.1:" + std::to_string(server().port()));
  }
  std::string Table() const { return ns_ + ".notes"; }
  void AwaitSubscription() const {
    while (Sql()
               .Run("SELECT count(*) FROM system.live_queries WHERE namespace_id = '" + ns_ + "'")
               .cell() != "1") {
      std::this_thread::yield();
    }
  }
  void Change() const {
    EXPECT_TRUE(
        Ok(Sql().Run("INSERT INTO " + Table() + " VALUES (9007199254740993, 'a\x1b[2J'); UPDATE " +
                     Table() + " SET body = 'b'; DELETE FROM " + Table())));
  }
  std::string ns_;
};

// US0 T043 test_cli_websocket_subscription
TEST_F(CliWatch, ShowsOneLinePerChange) {
  Ran ran;
  std::thread watching([&] {
    ran = Kalam().Run({"watch", "SELECT id, body FROM " + Table(), "--count", "3"});
  });
  AwaitSubscription();
  Change();
  watching.join();
  EXPECT_EQ(ran.exit_code, 0) << ran;
  EXPECT_NE(ran.out.find("Subscription established (ID: sub-1)\n"), std::string::npos) << ran;
  EXPECT_NE(ran.out.find("] INSERT [sub-1] {\"id\":9007199254740993,\"body\":\"a\\u001b[2J\"}\n"),
            std::string::npos)
      << ran;
  EXPECT_NE(ran.out.find("] UPDATE [sub-1] {\"id\":9007199254740993,\"body\":\"a\\u001b[2J\"} => "
                         "{\"id\":9007199254740993,\"body\":\"b\"}\n"),
            std::string::npos)
      << ran;
  EXPECT_NE(ran.out.find("] DELETE [sub-1] {\"id\":9007199254740993,\"body\":\"b\"}\n"),
            std::string::npos)
      << ran;
}

TEST_F(CliWatch, JsonIsOneObjectPerLineAndCsvOneRow) {
  ASSERT_TRUE(Ok(Sql().Run("INSERT INTO " + Table() + " VALUES (1, 'first')")));
  Ran json, csv;
  const std::string select = "SELECT id, body FROM " + Table() + " WHERE id < 10";
  std::thread watching([&] {
    json = Kalam().Run({"watch", select, "--snapshot", "--count", "2", "--json"});
  });
  AwaitSubscription();
  ASSERT_TRUE(Ok(Sql().Run("UPDATE " + Table() + " SET body = 'x,y'")));
  ASSERT_TRUE(Ok(Sql().Run("DELETE FROM " + Table())));
  watching.join();
  EXPECT_EQ(json.exit_code, 0) << json;
  EXPECT_EQ(json.out.find("{\"event\":\"ack\",\"seq\":"), 0u) << json;
  EXPECT_NE(json.out.find("\"rows\":[{\"id\":1,\"body\":\"first\"}],\"more\":false}\n"),
            std::string::npos)
      << json;
  EXPECT_NE(json.out.find("{\"event\":\"update\",\"seq\":"), std::string::npos) << json;
  EXPECT_NE(json.out.find("\"old_values\":[{\"id\":1,\"body\":\"x,y\"}],\"reason\":\"deleted\"}\n"),
            std::string::npos)
      << json;

  std::thread again([&] { csv = Kalam().Run({"watch", select, "--count", "1", "--csv"}); });
  AwaitSubscription();
  ASSERT_TRUE(Ok(Sql().Run("INSERT INTO " + Table() + " VALUES (2, 'x,y')")));
  again.join();
  EXPECT_EQ(csv.out.find("_change,_seq,id,body\nINSERT,"), 0u) << csv;
  EXPECT_TRUE(csv.out.ends_with(",2,\"x,y\"\n")) << csv;
}

TEST_F(CliWatch, GoesOnAfterASeq) {
  ASSERT_TRUE(Ok(Sql().Run("INSERT INTO " + Table() + " VALUES (1, 'a')")));
  const std::string seq = Sql().Run("SELECT _seq FROM " + Table()).cell();
  ASSERT_TRUE(Ok(Sql().Run("INSERT INTO " + Table() + " VALUES (2, 'b')")));
  const Ran ran =
      Kalam().Run({"watch", "SELECT id FROM " + Table(), "--from-seq", seq, "--count", "1"});
  EXPECT_EQ(ran.exit_code, 0) << ran;
  EXPECT_NE(ran.out.find("INSERT [sub-1] {\"id\":2}"), std::string::npos) << ran;
}

// US0 T044 test_cli_subscription_with_filter, T045 test_cli_subscription_cancel, T061 test_cli_subscription_last_rows
TEST_F(CliWatch, SubscribeToShowsTheLiveQueryUntilCtrlC) {
  const KalamRunner kalam = Kalam();
  Terminal terminal(kalam,
                    {"--no-color", "-c", "SUBSCRIBE TO " + Table() + " WHERE id > 1 LAST 10"});
  terminal.ReadUntil("Subscription established (ID: sub-1)");
  terminal.ReadUntil("SNAPSHOT [sub-1] 0 rows for ");
  Change();
  terminal.ReadUntil("DELETE [sub-1] ");
  terminal.Type("\x03");
  EXPECT_EQ(terminal.WaitForExit(), 0);
}

TEST_F(CliWatch, AtThePromptCtrlCComesBackToIt) {
  const KalamRunner kalam = Kalam();
  Terminal terminal(kalam, {"--no-color"});
  terminal.ReadUntil("kalam> ");
  terminal.Type("SUBSCRIBE TO " + Table() + ";\n");
  terminal.ReadUntil("Subscription established");
  Change();
  terminal.ReadUntil("UPDATE [sub-1] ");
  terminal.Type("\x03");
  terminal.ReadUntil("kalam> ");
  terminal.Type("SELECT 6 * 7;\n");
  terminal.ReadUntil("42");
  terminal.Type("\\q\n");
  EXPECT_EQ(terminal.WaitForExit(), 0);
}

TEST_F(CliWatch, MistakesAreSaidAndHaveTheirExitStatus) {
  const Ran unknown = Kalam().Run({"watch", "SELECT * FROM " + ns_ + ".nowhere"});
  EXPECT_EQ(unknown.exit_code, 1) << unknown;
  EXPECT_NE(unknown.err.find("ERROR SUBSCRIPTION_FAILED: "), std::string::npos) << unknown;
  EXPECT_EQ(Kalam().Run({"watch"}).exit_code, 2);
  EXPECT_EQ(Kalam().Run({"watch", "SELECT 1", "--from-seq", "7", "--snapshot"}).exit_code, 2);
  EXPECT_EQ(KalamRunner("http://127.0.0.1:1").Run({"watch", "SELECT * FROM a.b"}).exit_code, 3);
  const Ran shared = Kalam().Run({"watch", "SUBSCRIBE TO system.users"});
  EXPECT_EQ(shared.exit_code, 1) << shared;
  const Ran help = Kalam().Run({"watch", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_NE(help.out.find("--from-seq"), std::string::npos) << help;
}

TEST_F(CliWatch, TheTableModeKeepsTheResultSetOnTheScreen) {
  ASSERT_TRUE(Ok(Sql().Run("INSERT INTO " + Table() + " VALUES (1, 'one'), (2, 'two')")));
  const KalamRunner kalam = Kalam();
  Terminal terminal(kalam, {"watch", "--table", "SELECT id, body FROM " + Table()});
  EXPECT_NE(terminal.ReadUntil("(2 rows, 0 changes)").find("│ two "), std::string::npos);
  ASSERT_TRUE(Ok(Sql().Run("UPDATE " + Table() + " SET body = 'uno' WHERE id = 1")));
  terminal.ReadUntil("\x1b[7muno\x1b[0m");
  terminal.ReadUntil("(2 rows, 1 change)");
  ASSERT_TRUE(Ok(Sql().Run("DELETE FROM " + Table() + " WHERE id = 2")));
  terminal.ReadUntil("(1 row, 2 changes)");
  terminal.Type("\x03");
  terminal.ReadUntil("\x1b[?1049l");  // the screen as it was before
  EXPECT_EQ(terminal.WaitForExit(), 0);
  EXPECT_EQ(kalam.Run({"watch", "--table", "SELECT id FROM " + Table()}).exit_code, 2) << "no terminal";
}

}  // namespace
}  // namespace kalam::test
