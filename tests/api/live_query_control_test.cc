// Live queries as statements and administrators see them: SUBSCRIBE TO, KILL LIVE QUERY, system.live_queries, DROP and
// ALTER of a table that somebody follows.

#include "live_query_fixture.h"

namespace kalam::test {
namespace {

using std::chrono::milliseconds;

using LiveQueryControl = LiveQuery;

// US11 T202 test_changes_counter_accuracy
TEST_F(LiveQueryControl, TheCounterIsAccurate) {
  LiveClient client = Connect();
  Run("INSERT INTO " + Table() + " (id) VALUES (1000)");
  ExpectAck(client.Subscribe("s", "SELECT * FROM " + Table(), R"({"last_rows":10})"), "s");
  EXPECT_EQ(client.Next("s")["count"].text(), "1");
  EXPECT_EQ(LiveQueries("changes, last_update IS NULL"), (std::vector<std::vector<std::string>>{{"0", "true"}}));
  for (int i = 0; i < 50; ++i) Run("INSERT INTO " + Table() + " (id) VALUES (" + std::to_string(i) + ")");
  for (int i = 0; i < 50; ++i) client.Next("s");
  EXPECT_EQ(LiveQueries("changes, last_update IS NULL"), (std::vector<std::vector<std::string>>{{"50", "false"}}));
}

// US9 T293 test_drop_table_with_active_subscriptions
TEST_F(LiveQueryControl, DropIsRefusedWhileSomebodyListens) {
  LiveClient client = Connect();
  ExpectAck(client.Subscribe("a", "SELECT * FROM " + Table()), "a");
  ExpectAck(client.Subscribe("b", "SELECT * FROM " + Table()), "b");
  // Not SERIALIZATION_FAILURE: sending it again at once is no use.
  EXPECT_TRUE(FailsWith(
      Client().Run("DROP TABLE " + Table()), "SQL_EXECUTION_ERROR",
      "Cannot drop table " + Table() + " while active live queries exist (2 active subscription(s))"));
  client.Send(R"({"type":"unsubscribe","query_ids":["a","b"]})");
  EXPECT_EQ(client.Next("b")["type"].text(), "unsubscribed");
  EXPECT_TRUE(Ok(Client().Run("DROP TABLE " + Table())));
}

// A new column shows up in `*`; a column that somebody names stays; what can't be bound any more ends.
TEST_F(LiveQueryControl, AlterTableIsFollowed) {
  LiveClient client = Connect();
  ExpectAck(client.Subscribe("all", "SELECT * FROM " + Table()), "all");
  ExpectAck(client.Subscribe("room", "SELECT id FROM " + Table() + " WHERE room = 'lobby'"), "room");
  Run("INSERT INTO " + Table() + " VALUES (1, 'lobby', 'a', 1)");
  EXPECT_FALSE(Row(client.Next("all"))["mood"].exists());
  client.Next("room");
  Run("ALTER TABLE " + Table() + " ADD COLUMN mood TEXT DEFAULT 'calm'");
  Run("UPDATE " + Table() + " SET n = 2 WHERE id = 1");
  const Json update = client.Next("all");
  EXPECT_EQ(Kind(update), "update");
  EXPECT_EQ(Row(update)["mood"].text(), "calm") << update.Dump();
  EXPECT_EQ(Old(update)["n"].text(), "1");
  EXPECT_EQ(Kind(client.Next("room")), "update");

  EXPECT_TRUE(FailsWith(sql_->Run("ALTER TABLE " + Table() + " DROP COLUMN room"), "SQL_EXECUTION_ERROR",
                        "Cannot drop column 'room': 1 active subscription(s) reference this column. Affected: [lq-"));
  Run("ALTER TABLE " + Table() + " DROP COLUMN body");
  Run("ALTER TABLE " + Table() + " RENAME COLUMN room TO place");
  ExpectError(client.Next("room"), "SUBSCRIPTION_FAILED", "column 'room' does not exist");
  Run("INSERT INTO " + Table() + " (id, place) VALUES (2, 'attic')");
  EXPECT_EQ(Row(client.Next("all"))["place"].text(), "attic");
}

// US9 T294 test_kill_live_query_command
TEST_F(LiveQueryControl, KillEndsIt) {
  LiveClient client = Connect();
  const Json ack = client.Subscribe("s", "SELECT * FROM " + Table());
  const std::string live_id = LiveQueries("live_id").at(0).at(0);
  EXPECT_EQ(ack["live_id"].text(), live_id);
  // Not by somebody else.
  EXPECT_TRUE(FailsWith(Client("noah").Run("KILL LIVE QUERY '" + live_id + "'"), "PERMISSION_DENIED", "live query"));
  const SqlAnswer killed = sql_->Run("KILL LIVE QUERY '" + live_id + "'");
  ASSERT_TRUE(Ok(killed));
  EXPECT_EQ(killed.message(), "Live query " + live_id + " terminated");
  EXPECT_TRUE(LiveQueries("live_id").empty());
  const Json last = client.Next("s", milliseconds(2000));
  EXPECT_EQ(last["code"].text(), "SUBSCRIPTION_TERMINATED") << last.Dump();
  const SqlAnswer again = sql_->Run("KILL LIVE QUERY " + live_id);
  EXPECT_NE(again.error().find("Live query not found: " + live_id), std::string::npos) << again;
  // The connection lives on.
  ExpectAck(client.Subscribe("s", "SELECT * FROM " + Table()), "s");
}

// US9 T295 test_system_live_queries_enhanced_fields
TEST_F(LiveQueryControl, TheListSaysEverything) {
  LiveClient client = Connect(), other = Connect("noah");
  const std::string query = "SELECT * FROM " + Table() + " WHERE room = 'lobby'";
  ExpectAck(client.Subscribe("sub-1", query, R"({"last_rows":10,"buffer_size":1000})"), "sub-1");
  ExpectAck(other.Subscribe("sub-9", "SELECT * FROM " + Table()), "sub-9");
  const auto rows = LiveQueries("namespace_id, table_name, query_id, user_id, query, options, changes, node");
  ASSERT_EQ(rows.size(), 1u) << "a user sees their own";
  EXPECT_EQ(rows[0], (std::vector<std::string>{ns_, "messages", "sub-1", "maya", query,
                                               R"({"last_rows":10,"buffer_size":1000})", "0", "0"}));
  EXPECT_EQ(Client().Run("SELECT count(*) FROM system.live_queries WHERE namespace_id = '" + ns_ + "'").cell(), "2");
  client.socket().Reset();
  EXPECT_TRUE(AwaitLiveQueries(0)) << "a lost connection takes its subscriptions along";
}

TEST_F(LiveQueryControl, SubscribeToOverHttpSaysWhatToDo) {
  const SqlAnswer answer =
      Run("SUBSCRIBE TO " + Table() + " WHERE room = 'lobby' AND n > 1 LAST 10 OPTIONS (last_rows=10)");
  const Json& row = answer.result()["rows"][0];
  EXPECT_EQ(answer.columns(), (std::vector<std::string>{"status", "ws_url", "subscription", "message"}));
  EXPECT_EQ(row["status"].text(), "subscription_required");
  EXPECT_EQ(row["ws_url"].text(), "ws://127.0.0.1:" + std::to_string(server().port()) + "/v1/ws");
  EXPECT_EQ(row["message"].text(),
            "Connect to WebSocket at " + row["ws_url"].text() + " and send the subscription object");
  EXPECT_EQ(row["subscription"]["sql"].text(), "SELECT * FROM " + Table() + " WHERE room = 'lobby' AND n > 1");
  EXPECT_EQ(row["subscription"]["options"].Dump(), R"({"last_rows":10})");
  EXPECT_EQ(row["subscription"]["id"].text().substr(0, 4), "sub-");
  EXPECT_EQ(row["subscription"]["id"].text().size(), 40u);
  // What it gives can be sent as it is.
  LiveClient client = Connect();
  client.Send("{\"subscriptions\":[" + row["subscription"].Dump() + "]}");
  ExpectAck(client.Next(row["subscription"]["id"].text()), row["subscription"]["id"].text());

  EXPECT_FALSE(Run("SUBSCRIBE TO " + Table()).result()["rows"][0]["subscription"]["options"].exists());
  const auto fails = [&](const std::string& sql, std::string_view text) {
    const SqlAnswer failed = sql_->Run(sql);
    EXPECT_FALSE(failed.ok()) << failed;
    EXPECT_NE(failed.error().find(text), std::string::npos) << failed;
  };
  fails("SUBSCRIBE TO messages", "Expected namespace.table format (e.g., app.messages)");
  fails("SUBSCRIBE TO " + Table() + " OPTIONS (last_rows=abc)", "Invalid last_rows value: abc");
  fails("SUBSCRIBE TO " + Table() + " OPTIONS (last_rows=-1)", "Invalid last_rows value: -1");
  fails("SUBSCRIBE TO " + Table() + " OPTIONS (k=1)", "Unknown subscription option: k");
  fails("SUBSCRIBE TO " + Table() + " OPTIONS last_rows=10",
        "OPTIONS clause must be wrapped in parentheses, e.g., OPTIONS (last_rows=10)");
  fails("SUBSCRIBE TO " + Table() + " LAST 5 OPTIONS (last_rows=6)", "contradict");
  fails("SUBSCRIBE TO " + ns_ + ".nope", "does not exist");
  Run("CREATE SHARED TABLE " + ns_ + ".board (id BIGINT PRIMARY KEY)");
  fails("SUBSCRIBE TO " + ns_ + ".board", "not supported on shared tables");
}

TEST_F(LiveQueryControl, LimitsAndOptionsAreChecked) {
  LiveClient client = Connect();
  ExpectError(client.Subscribe("s", "SELECT * FROM " + Table(), R"({"last_rows":10001})"), "INVALID_OPTION",
              "last_rows");
  ExpectError(client.Subscribe("s", "SELECT * FROM " + Table(), R"({"rows":1})"), "INVALID_OPTION",
              "Unknown subscription option: rows");
  client.Send("nonsense");
  ExpectError(client.Next("unknown"), "INVALID_SUBSCRIPTION", "Failed to parse subscription request: ");
  ExpectAck(client.Subscribe("s", "SELECT * FROM " + Table()), "s");
  ExpectError(client.Subscribe("s", "SELECT * FROM " + Table()), "SUBSCRIPTION_FAILED", "is in use");
}

}  // namespace
}  // namespace kalam::test
