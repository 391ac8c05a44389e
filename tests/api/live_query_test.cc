// US11 T195 test_live_query_changes. Live queries over real sockets: what a subscriber is sent, in which order, and
// until when.

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "live_query_fixture.h"

namespace kalam::test {
namespace {

using std::chrono::milliseconds;

// US11 T196 test_live_query_detects_inserts, T218l over real HTTP and WebSocket
TEST_F(LiveQuery, DetectsInserts) {
  LiveClient client = Connect();
  ExpectAck(client.Subscribe("s", "SELECT * FROM " + Table()), "s");
  for (int i = 0; i < 100; ++i) Run("INSERT INTO " + Table() + " (id, body) VALUES (" + std::to_string(i) + ", 'b')");
  std::int64_t last = 0;
  for (int i = 0; i < 100; ++i) {
    const Json change = client.Next("s");
    ASSERT_EQ(Kind(change), "insert") << change.Dump();
    EXPECT_EQ(Row(change)["id"].integer(), i);
    EXPECT_EQ(change["rows"].size(), 1u);
    EXPECT_FALSE(change["old_values"].exists());
    EXPECT_TRUE(Row(change)["_updated"].is_string());
    EXPECT_EQ(Row(change)["_deleted"].text(), "false");
    EXPECT_GT(*change["seq"].integer(), last);
    last = *change["seq"].integer();
  }
  client.Ping();
  EXPECT_TRUE(client.Silent(milliseconds(0)));
}

// US11 T196: each row of one statement is one notification.
TEST_F(LiveQuery, AStatementOfManyRowsIsManyChanges) {
  LiveClient client = Connect();
  ExpectAck(client.Subscribe("s", "SELECT id FROM " + Table()), "s");
  std::string values = "(0)";
  for (int i = 1; i < 1500; ++i) values += ", (" + std::to_string(i) + ")";
  Run("INSERT INTO " + Table() + " (id) VALUES " + values);
  for (int i = 0; i < 1500; ++i) {
    const Json change = client.Next("s");
    ASSERT_EQ(Row(change).Dump(), "{\"id\":" + std::to_string(i) + "}");
  }
}

// US11 T197 test_live_query_detects_updates
TEST_F(LiveQuery, DetectsUpdates) {
  LiveClient client = Connect();
  ExpectAck(client.Subscribe("s", "SELECT * FROM " + Table()), "s");
  Run("INSERT INTO " + Table() + " (id, body) VALUES (1, 'new')");
  Run("UPDATE " + Table() + " SET body = 'edited' WHERE id = 1");
  EXPECT_EQ(Kind(client.Next("s")), "insert");
  const Json update = client.Next("s");
  EXPECT_EQ(Kind(update), "update");
  EXPECT_EQ(Row(update)["body"].text(), "edited");
  EXPECT_EQ(Old(update)["body"].text(), "new");
  EXPECT_FALSE(update["reason"].exists());
}

// US11 T198 test_live_query_detects_deletes
TEST_F(LiveQuery, DetectsDeletes) {
  LiveClient client = Connect();
  ExpectAck(client.Subscribe("s", "SELECT * FROM " + Table()), "s");
  Run("INSERT INTO " + Table() + " (id, body) VALUES (1, 'new')");
  Run("DELETE FROM " + Table() + " WHERE id = 1");
  EXPECT_EQ(Kind(client.Next("s")), "insert");
  const Json gone = client.Next("s");
  EXPECT_EQ(Kind(gone), "delete");
  EXPECT_EQ(Row(gone)["_deleted"].text(), "true") << gone.Dump();
  EXPECT_EQ(Row(gone)["body"].text(), "new");
  EXPECT_EQ(Old(gone)["_deleted"].text(), "false");
  EXPECT_EQ(gone["reason"].text(), "deleted");
}

// US11 T199 test_concurrent_writers_no_message_loss
TEST_F(LiveQuery, ConcurrentWritersLoseNothing) {
  constexpr int kWriters = 5, kRows = 200;
  LiveClient client = Connect();
  ExpectAck(client.Subscribe("s", "SELECT id FROM " + Table()), "s");
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([this, w] {
      SqlClient sql(server().port(), "maya");
      for (int i = 0; i < kRows; ++i) {
        EXPECT_TRUE(Ok(sql.Run("INSERT INTO " + Table() + " (id) VALUES (" + std::to_string(w * kRows + i) + ")")));
      }
    });
  }
  for (auto& writer : writers) writer.join();
  std::set<std::int64_t> seen;
  std::int64_t last = 0;
  for (int i = 0; i < kWriters * kRows; ++i) {
    const Json change = client.Next("s");
    EXPECT_TRUE(seen.insert(*Row(change)["id"].integer()).second) << change.Dump();
    EXPECT_GT(*change["seq"].integer(), last);
    last = *change["seq"].integer();
  }
  EXPECT_EQ(seen.size(), std::size_t{kWriters * kRows});
  client.Ping();
  EXPECT_TRUE(client.Silent(milliseconds(0)));
}

// US11 T200 test_ai_message_scenario
TEST_F(LiveQuery, AnAgentsWritesReachAHuman) {
  LiveClient human = Connect();
  ExpectAck(human.Subscribe("chat", "SELECT body FROM " + Table() + " WHERE room = 'support'"), "chat");
  // The agent works for the user, by a service token.
  ASSERT_TRUE(Ok(Client().Run("CREATE USER IF NOT EXISTS live_agent ROLE service")));
  SqlClient agent(server().port());
  agent.set_headers({{"Authorization", "Bearer " + SignToken("live_agent")}, {"X-USER-ID", "maya"}});
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(Ok(agent.Run("INSERT INTO " + Table() + " (id, room, body) VALUES (" + std::to_string(i) +
                             ", 'support', 'token " + std::to_string(i) + "')")));
    ASSERT_TRUE(Ok(agent.Run("INSERT INTO " + Table() + " (id, room, body) VALUES (" + std::to_string(100 + i) +
                             ", 'elsewhere', 'not for here')")));
  }
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Row(human.Next("chat"))["body"].text(), "token " + std::to_string(i));
  human.Ping();
  EXPECT_TRUE(human.Silent(milliseconds(0)));
}

// US11 T201 test_mixed_operations_ordering
TEST_F(LiveQuery, MixedOperationsKeepTheirOrder) {
  LiveClient client = Connect();
  ExpectAck(client.Subscribe("s", "SELECT id, n FROM " + Table()), "s");
  std::vector<std::string> expected;
  for (int i = 0; i < 30; ++i) {
    const std::string id = std::to_string(i);
    Run("INSERT INTO " + Table() + " (id) VALUES (" + id + ")");
    Run("UPDATE " + Table() + " SET n = n + 1 WHERE id = " + id);
    Run("DELETE FROM " + Table() + " WHERE id = " + id);
    for (const char* kind : {"insert ", "update ", "delete "}) expected.push_back(kind + id);
  }
  for (const auto& step : expected) {
    const Json change = client.Next("s");
    ASSERT_EQ(Kind(change) + " " + Row(change)["id"].text(), step);
  }
}

// US11 T203 test_multiple_listeners_same_table
TEST_F(LiveQuery, ListenersOfOneTableAreIndependent) {
  LiveClient first = Connect(), second = Connect();
  ExpectAck(first.Subscribe("all", "SELECT id FROM " + Table()), "all");
  ExpectAck(first.Subscribe("lobby", "SELECT id FROM " + Table() + " WHERE room = 'lobby'"), "lobby");
  ExpectAck(second.Subscribe("all", "SELECT body FROM " + Table() + " WHERE n > 5"), "all");
  Run("INSERT INTO " + Table() + " VALUES (1, 'lobby', 'a', 1), (2, 'attic', 'b', 9), (3, 'lobby', 'c', 9)");
  for (const char* id : {"1", "2", "3"}) EXPECT_EQ(Row(first.Next("all"))["id"].text(), id);
  for (const char* id : {"1", "3"}) EXPECT_EQ(Row(first.Next("lobby"))["id"].text(), id);
  for (const char* body : {"b", "c"}) EXPECT_EQ(Row(second.Next("all"))["body"].text(), body);
  first.Send(R"({"type":"unsubscribe","id":"all"})");
  EXPECT_EQ(first.Next("all")["type"].text(), "unsubscribed");
  Run("INSERT INTO " + Table() + " VALUES (4, 'lobby', 'd', 9)");
  EXPECT_EQ(Row(first.Next("lobby"))["id"].text(), "4");
  EXPECT_EQ(Row(second.Next("all"))["body"].text(), "d");
  first.Ping();
  EXPECT_TRUE(first.Silent(milliseconds(0)));
}

// US11 T204 test_listener_reconnect_no_data_loss
TEST_F(LiveQuery, AReconnectLosesNothing) {
  std::string seq;
  {
    LiveClient client = Connect();
    ExpectAck(client.Subscribe("s", "SELECT id, body FROM " + Table()), "s");
    Run("INSERT INTO " + Table() + " (id, body) VALUES (1, 'a'), (2, 'b')");
    client.Next("s");
    seq = client.Next("s")["seq"].text();
    client.socket().Reset();
  }
  Run("INSERT INTO " + Table() + " (id, body) VALUES (3, 'c')");
  Run("UPDATE " + Table() + " SET body = 'A' WHERE id = 1");
  Run("DELETE FROM " + Table() + " WHERE id = 2");
  LiveClient client = Connect();
  const Json ack = client.Subscribe("s", "SELECT id, body FROM " + Table(), "{\"from_seq\":" + seq + "}");
  ExpectAck(ack, "s");
  EXPECT_EQ(ack["seq"].text(), seq);
  Run("INSERT INTO " + Table() + " (id, body) VALUES (4, 'd')");
  std::vector<std::string> steps;
  for (int i = 0; i < 4; ++i) {
    const Json change = client.Next("s");
    steps.push_back(Kind(change) + " " + Row(change).Dump());
  }
  EXPECT_EQ(steps, (std::vector<std::string>{R"(insert {"id":3,"body":"c"})", R"(update {"id":1,"body":"A"})",
                                             R"(delete {"id":2,"body":"b"})", R"(insert {"id":4,"body":"d"})"}));
}

// US11 T205 test_high_frequency_changes
TEST_F(LiveQuery, AThousandRapidInsertsAllArrive) {
  LiveClient client = Connect();
  ExpectAck(client.Subscribe("s", "SELECT id FROM " + Table()), "s");
  for (int i = 0; i < 1000; ++i) Run("INSERT INTO " + Table() + " (id) VALUES (" + std::to_string(i) + ")");
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(Row(client.Next("s"))["id"].integer(), i);
}

// US9 T292 test_websocket_initial_data_fetch
TEST_F(LiveQuery, InitialRowsAreTheNewestAndComeFirst) {
  for (int i = 0; i < 80; ++i) {
    Run("INSERT INTO " + Table() + " (id, n) VALUES (" + std::to_string(100 - i) + ", " + std::to_string(i) + ")");
  }
  LiveClient client = Connect();
  const Json ack = client.Subscribe("s", "SELECT id, n FROM " + Table(), R"({"last_rows":50})");
  ExpectAck(ack, "s");
  EXPECT_EQ(ack["last_rows"].text(), "50");
  Run("INSERT INTO " + Table() + " (id, n) VALUES (1000, 80)");
  const Json initial = client.Next("s");
  EXPECT_EQ(initial["type"].text(), "initial_data");
  EXPECT_EQ(initial["count"].text(), "50");
  EXPECT_EQ(initial["seq"].text(), ack["seq"].text());
  EXPECT_FALSE(initial["more"].exists());
  ASSERT_EQ(initial["rows"].size(), 50u);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(initial["rows"][static_cast<std::size_t>(i)]["n"].integer(), 30 + i);
  EXPECT_EQ(Row(client.Next("s"))["n"].text(), "80");

  // In the query's own order, and only what matches.
  LiveClient ordered = Connect();
  ExpectAck(ordered.Subscribe("o", "SELECT n FROM " + Table() + " WHERE n < 40 ORDER BY n DESC", R"({"last_rows":3})"),
            "o");
  EXPECT_EQ(ordered.Next("o")["rows"].Dump(), R"([{"n":39},{"n":38},{"n":37}])");
}

TEST_F(LiveQuery, ASnapshotOfAnySizeComesInPieces) {
  std::string values = "(0, 'x')";
  for (int i = 1; i < 5000; ++i) values += ", (" + std::to_string(i) + ", 'x')";
  Run("INSERT INTO " + Table() + " (id, body) VALUES " + values);
  LiveClient client = Connect();
  ExpectAck(client.Subscribe("s", "SELECT id FROM " + Table() + " ORDER BY id", R"({"snapshot":true})"), "s");
  std::int64_t next = 0;
  for (bool more = true; more;) {
    const Json piece = client.Next("s");
    ASSERT_EQ(piece["type"].text(), "initial_data") << piece.Dump().substr(0, 200);
    EXPECT_EQ(piece["count"].integer(), static_cast<std::int64_t>(piece["rows"].size()));
    for (const Json& row : piece["rows"].items()) ASSERT_EQ(row["id"].integer(), next++);
    more = piece["more"].text() == "true";
  }
  EXPECT_EQ(next, 5000);
  Run("DELETE FROM " + Table() + " WHERE id = 7");
  EXPECT_EQ(Kind(client.Next("s")), "delete");

  // An empty one is told, too.
  LiveClient empty = Connect("noah");
  ExpectAck(empty.Subscribe("s", "SELECT id FROM " + Table(), R"({"snapshot":true})"), "s");
  const Json nothing = empty.Next("s");
  EXPECT_EQ(nothing["count"].text(), "0");
  EXPECT_EQ(nothing["more"].text(), "false");
}

TEST_F(LiveQuery, RowsEnterAndLeaveTheResultSet) {
  LiveClient client = Connect();
  ExpectAck(client.Subscribe("s", "SELECT id, n FROM " + Table() + " WHERE n > 10"), "s");
  Run("INSERT INTO " + Table() + " (id, n) VALUES (1, 5)");
  Run("UPDATE " + Table() + " SET n = 11 WHERE id = 1");
  Run("UPDATE " + Table() + " SET n = 12 WHERE id = 1");
  Run("UPDATE " + Table() + " SET n = 9 WHERE id = 1");
  Run("UPDATE " + Table() + " SET n = NULL WHERE id = 1");
  Run("DELETE FROM " + Table() + " WHERE id = 1");
  EXPECT_EQ(Kind(client.Next("s")), "insert");
  const Json update = client.Next("s");
  EXPECT_EQ(Kind(update), "update");
  const Json left = client.Next("s");
  EXPECT_EQ(Kind(left), "delete");
  EXPECT_EQ(left["reason"].text(), "filter");
  EXPECT_EQ(Row(left)["n"].text(), "9");
  EXPECT_EQ(Old(left)["n"].text(), "12");
  client.Ping();
  EXPECT_TRUE(client.Silent(milliseconds(0)));
}

TEST_F(LiveQuery, FiltersAreThoseOfSelect) {
  LiveClient client = Connect();
  const auto subscribe = [&](const std::string& id, const std::string& where) {
    ExpectAck(client.Subscribe(id, "SELECT id FROM " + Table() + " WHERE " + where), id);
  };
  subscribe("in", "room IN ('a', 'b') AND id <> 2");
  subscribe("like", "body LIKE 'h%' OR body ILIKE '%WORLD'");
  subscribe("me", "body = CURRENT_USER()");
  subscribe("now", "_updated > NOW() - INTERVAL 1 HOUR AND room IS NOT NULL");
  subscribe("case", "CASE WHEN n > 1 THEN length(body) = 4 ELSE false END");
  subscribe("json", "(body -> 'x') IS NOT NULL AND id = 5");
  subscribe("exact", "id = 9007199254740993");
  Run("INSERT INTO " + Table() + " VALUES (1, 'a', 'hello', 0), (2, 'b', 'maya', 2), (3, 'c', 'the world', 2), "
      "(4, 'b', 'x', NULL), (5, NULL, '{\"x\":1}', 1), (9007199254740992, NULL, '{}', 0), "
      "(9007199254740993, NULL, '{}', 0)");
  const auto ids = [&](const std::string& id, std::size_t count) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += Row(client.Next(id))["id"].text() + " ";
    return all;
  };
  EXPECT_EQ(ids("in", 2), "1 4 ");
  EXPECT_EQ(ids("like", 2), "1 3 ");
  EXPECT_EQ(ids("me", 1), "2 ");
  EXPECT_EQ(ids("now", 4), "1 2 3 4 ");
  EXPECT_EQ(ids("case", 1), "2 ");
  EXPECT_EQ(ids("json", 1), "5 ");
  EXPECT_EQ(ids("exact", 1), "9007199254740993 ");
  client.Ping();
  EXPECT_TRUE(client.Silent(milliseconds(0)));
}

// A filter that tests `_deleted` has deleted rows in its result: an INSERT over one takes it out again, or changes it.
TEST_F(LiveQuery, AnInsertOverADeletedRowReplacesIt) {
  using Steps = std::vector<std::string>;
  struct Filter {
    std::string where;
    Steps expected;
  };
  const std::vector<Filter> filters = {
      {"_deleted = true",
       {"insert 1 a", "delete 1 b filter", "insert 1 b", "delete 1 q filter", "insert 1 q", "delete 1 d filter",
        "insert 1 d", "insert 2 e", "delete 2 d filter"}},
      {"_deleted = true OR body = 'q'",
       {"insert 1 a", "delete 1 b filter", "insert 1 b", "update 1 q", "update 1 q", "delete 1 d filter", "insert 1 d",
        "insert 2 e", "delete 2 d filter"}},
      {"id < 3",
       {"insert 1 a", "delete 1 a deleted", "insert 1 b", "delete 1 b deleted", "insert 1 q", "delete 1 q deleted",
        "insert 1 d", "insert 2 e", "delete 1 d deleted", "delete 2 e deleted", "insert 2 d"}}};

  // What comes until the row that ends it, with the rows that the changes leave.
  const auto read = [](LiveClient& client, const std::string& id) {
    Steps steps;
    std::map<std::string, std::string> rows;
    while (true) {
      const Json change = client.Next(id);
      if (Kind(change).empty() || Row(change)["id"].text() == "99") return steps;
      const std::string key = Row(change)["id"].text();
      EXPECT_EQ(rows.contains(key), Kind(change) != "insert") << change.Dump();
      EXPECT_EQ(change["old_values"].exists(), Kind(change) != "insert") << change.Dump();
      if (Kind(change) != "insert") {
        EXPECT_EQ(Old(change).Dump(), rows[key]) << "the old row is the one it has";
      }
      rows[key] = Row(change).Dump();
      if (Kind(change) == "delete") rows.erase(key);
      std::string step = Kind(change) + " " + key + " " + Row(change)["body"].text();
      if (change["reason"].exists()) step += " " + change["reason"].text();
      steps.push_back(step);
    }
  };

  const auto select = [&](const Filter& filter) {
    return "SELECT id, body, _deleted, _seq FROM " + Table() + " WHERE id = 99 OR (" + filter.where + ")";
  };
  LiveClient live = Connect();
  std::string seq;  // before all changes
  for (std::size_t i = 0; i < filters.size(); ++i) {
    const std::string id = "live" + std::to_string(i);
    const Json ack = live.Subscribe(id, select(filters[i]));
    ExpectAck(ack, id);
    seq = ack["seq"].text();
  }
  const std::string insert = "INSERT INTO " + Table() + " (id, body) VALUES ";
  const std::string remove = "DELETE FROM " + Table() + " WHERE id = ";
  Run(insert + "(1, 'a')");
  Run(remove + "1");
  Run(insert + "(1, 'b')");
  Run(remove + "1");
  Run(insert + "(1, 'q') ON CONFLICT (id) DO UPDATE SET body = 'never'");
  Run(remove + "1");
  Run("BEGIN; " + insert + "(1, 'd'); COMMIT");
  Run(insert + "(2, 'e')");
  // Both rows move, the first onto the second's key, which the same statement deletes.
  Run("UPDATE " + Table() + " SET id = id * 2 + CASE id WHEN 2 THEN 1 ELSE 0 END WHERE id < 3");
  Run(insert + "(99, 'end')");

  LiveClient resumed = Connect();
  for (std::size_t i = 0; i < filters.size(); ++i) {
    EXPECT_EQ(read(live, "live" + std::to_string(i)), filters[i].expected) << filters[i].where;
    const std::string id = "resumed" + std::to_string(i);
    ExpectAck(resumed.Subscribe(id, select(filters[i]), "{\"from_seq\":" + seq + "}"), id);
    EXPECT_EQ(read(resumed, id), filters[i].expected) << "resumed: " << filters[i].where;
  }
}

TEST_F(LiveQuery, ProjectionsAndNamesAreThoseOfSelect) {
  LiveClient client = Connect();
  ExpectAck(client.Subscribe("s", "SELECT upper(body) AS loud, m.n * 2, _seq FROM " + Table() + " m"), "s");
  ExpectAck(client.Subscribe("t", "SELECT id, n FROM " + Table(), R"({"int64_as_string":true})"), "t");
  Run("INSERT INTO " + Table() + " (id, body, n) VALUES (1, 'hi', 4)");
  const Json change = client.Next("s");
  EXPECT_EQ(Row(change)["loud"].text(), "HI");
  EXPECT_EQ(Row(change).members()[1].second.text(), "8");
  EXPECT_EQ(Row(change)["_seq"].text(), change["seq"].text());
  const Json strings = client.Next("t");
  EXPECT_EQ(Row(strings).Dump(), R"({"id":"1","n":4})");
  EXPECT_TRUE(strings["seq"].is_string());
}

TEST_F(LiveQuery, TheRowsOfOthersAreNeverSent) {
  LiveClient maya = Connect("maya"), noah = Connect("noah");
  ExpectAck(maya.Subscribe("s", "SELECT body FROM " + Table()), "s");
  ExpectAck(noah.Subscribe("s", "SELECT body FROM " + Table() + " WHERE 1 = 1 OR true", R"({"last_rows":5})"), "s");
  EXPECT_EQ(noah.Next("s")["count"].text(), "0");
  Run("INSERT INTO " + Table() + " (id, body) VALUES (1, 'mine')");
  ASSERT_TRUE(Ok(Client("noah").Run("INSERT INTO " + Table() + " (id, body) VALUES (1, 'his')")));
  EXPECT_EQ(Row(maya.Next("s"))["body"].text(), "mine");
  EXPECT_EQ(Row(noah.Next("s"))["body"].text(), "his");
  maya.Ping();
  EXPECT_TRUE(maya.Silent(milliseconds(0)));
}

// US9 T299 test_shared_table_subscription_prevention
TEST_F(LiveQuery, SharedTablesAreRefused) {
  Run("CREATE SHARED TABLE " + ns_ + ".board (id BIGINT PRIMARY KEY)");
  LiveClient client = Connect();
  ExpectError(client.Subscribe("s", "SELECT * FROM " + ns_ + ".board"), "SUBSCRIPTION_FAILED",
              "Live query subscriptions not supported on shared tables");
  // The connection and other subscriptions are not concerned.
  ExpectAck(client.Subscribe("s", "SELECT * FROM " + Table()), "s");
}

TEST_F(LiveQuery, WhatCannotBeFollowedIsRefusedAtOnce) {
  LiveClient client = Connect();
  const auto refused = [&](const std::string& sql, std::string_view text) {
    ExpectError(client.Subscribe("s", sql), "SUBSCRIPTION_FAILED", text);
  };
  refused("SELECT * FROM " + ns_ + ".nope", "does not exist");
  refused("SELECT nope FROM " + Table(), "column 'nope' does not exist");
  refused("SELECT * FROM " + Table() + " WHERE nope = 1", "column 'nope' does not exist");
  refused("SELEC * FROM " + Table(), "syntax error");
  refused("SELECT count(*) FROM " + Table(), "not supported in a live query");
  refused("SELECT * FROM " + Table() + " LIMIT 5", "LIMIT");
  refused("SELECT * FROM " + Table() + " WHERE id IN (SELECT id FROM " + Table() + ")", "subquery");
  refused("SELECT * FROM system.users", "not supported on system tables");
  refused("DELETE FROM " + Table(), "is a SELECT");
  refused("SELECT 1; SELECT 2", "one SELECT");
  refused("SELECT * FROM " + Table() + " WHERE id = $1", "parameter mismatch");
  EXPECT_TRUE(AwaitLiveQueries(0));
}

// Threat model, row 11 and the sandbox: what SELECT refuses, a filter can't do either.
TEST_F(LiveQuery, HostileFiltersReachNothing) {
  LiveClient client = Connect();
  for (const char* where :
       {"getenv('HOME') <> ''", "body IN (SELECT content FROM read_text('/etc/passwd'))", "getvariable('x') = 1",
        "current_setting('threads') = '1'", "read_blob('/etc/passwd') IS NOT NULL", "query('SELECT 1') = 1",
        "EXISTS (SELECT 1 FROM duckdb_settings())", "EXISTS (SELECT 1 FROM system.users)", "random() < 0.5",
        "list_reduce([body, body], (a, b) -> a || b) = ''"}) {
    const Json answer = client.Subscribe("s", "SELECT * FROM " + Table() + " WHERE " + where);
    ExpectError(answer, "SUBSCRIPTION_FAILED", "");
  }
  // Too much to make, noticed while evaluating: the subscription ends and says why, others don't notice.
  const std::string bomb = "SELECT id FROM " + Table() + " WHERE length(repeat(body, 60000000)) > 1";
  ExpectAck(client.Subscribe("bomb", bomb), "bomb");
  ExpectAck(client.Subscribe("cast", "SELECT id FROM " + Table() + " WHERE CAST(body AS INTEGER) = 1"), "cast");
  ExpectAck(client.Subscribe("shown", "SELECT CAST(body AS INTEGER) FROM " + Table()), "shown");
  ExpectAck(client.Subscribe("good", "SELECT id FROM " + Table()), "good");
  Run("INSERT INTO " + Table() + " (id, body) VALUES (1, 'abcdefgh')");
  ExpectError(client.Next("bomb"), "SUBSCRIPTION_FAILED", "limits.max_string_bytes");
  ExpectError(client.Next("cast"), "SUBSCRIPTION_FAILED", "WHERE failed on a row");
  ExpectError(client.Next("shown"), "SUBSCRIPTION_FAILED", "SELECT list failed on a row");
  EXPECT_EQ(Row(client.Next("good"))["id"].text(), "1");
  EXPECT_TRUE(AwaitLiveQueries(1));
}

TEST_F(LiveQuery, StreamsAreEverybodys) {
  Run("CREATE STREAM TABLE " + ns_ + ".ticks (id BIGINT PRIMARY KEY, price DOUBLE) TTL 60");
  LiveClient maya = Connect("maya"), noah = Connect("noah");
  ExpectAck(maya.Subscribe("s", "SELECT * FROM " + ns_ + ".ticks"), "s");
  Run("INSERT INTO " + ns_ + ".ticks VALUES (1, 1.5)");
  Run("INSERT INTO " + ns_ + ".ticks VALUES (2, 2.5), (3, 3.5)");
  EXPECT_EQ(Row(maya.Next("s")).Dump(), R"({"id":1,"price":1.5})");
  ExpectAck(noah.Subscribe("s", "SELECT id FROM " + ns_ + ".ticks WHERE price > 2", R"({"last_rows":1})"), "s");
  EXPECT_EQ(noah.Next("s")["rows"].Dump(), R"([{"id":3}])");
  Run("DELETE FROM " + ns_ + ".ticks WHERE id = 3");
  Run("INSERT INTO " + ns_ + ".ticks VALUES (4, 4.5)");
  maya.Next("s");
  maya.Next("s");
  const Json gone = maya.Next("s");
  EXPECT_EQ(Kind(gone), "delete");
  EXPECT_EQ(gone["reason"].text(), "deleted");
  EXPECT_EQ(Row(maya.Next("s"))["id"].text(), "4");
  EXPECT_EQ(Kind(noah.Next("s")), "delete");
  const Json last = noah.Next("s");
  EXPECT_EQ(Row(last)["id"].text(), "4");
  // Resumed from memory, deletes included.
  LiveClient again = Connect("noah");
  ExpectAck(again.Subscribe("s", "SELECT id FROM " + ns_ + ".ticks", "{\"from_seq\":" + last["seq"].text() + "}"), "s");
  Run("DELETE FROM " + ns_ + ".ticks WHERE id = 4");
  EXPECT_EQ(Kind(again.Next("s")), "delete");
}

TEST_F(LiveQuery, ExpiryIsToldToThoseWhoAsk) {
  Run("CREATE STREAM TABLE " + ns_ + ".blips (id BIGINT PRIMARY KEY) TTL 1");
  LiveClient client = Connect();
  ExpectAck(client.Subscribe("told", "SELECT * FROM " + ns_ + ".blips", R"({"expiry":true})"), "told");
  ExpectAck(client.Subscribe("plain", "SELECT * FROM " + ns_ + ".blips"), "plain");
  Run("INSERT INTO " + ns_ + ".blips VALUES (1)");
  EXPECT_EQ(Kind(client.Next("told")), "insert");
  EXPECT_EQ(Kind(client.Next("plain")), "insert");
  const Json gone = client.Next("told");
  EXPECT_EQ(Kind(gone), "delete");
  EXPECT_EQ(gone["reason"].text(), "deleted");
  client.Ping();
  EXPECT_TRUE(client.Silent(milliseconds(0)));
}

TEST_F(LiveQuery, AResumeBeyondTheLogIsAResync) {
  Run("INSERT INTO " + Table() + " (id) VALUES (1), (2)");
  LiveClient client = Connect();
  for (const char* seq : {"5", "9000000000000000000"}) {
    const std::string id = std::string("from ") + seq;
    ExpectAck(client.Subscribe(id, "SELECT id FROM " + Table(), "{\"from_seq\":" + std::string(seq) + "}"), id);
    const Json resync = client.Next(id);
    EXPECT_EQ(resync["type"].text(), "resync") << resync.Dump();
    EXPECT_FALSE(resync["reason"].text().empty());
    const Json rows = client.Next(id);
    EXPECT_EQ(rows["rows"].Dump(), R"([{"id":1},{"id":2}])");
    EXPECT_EQ(rows["more"].text(), "false");
    EXPECT_EQ(rows["seq"].text(), resync["seq"].text());
  }
}

TEST_F(LiveQuery, ATransactionArrivesWholeAndInOrder) {
  LiveClient client = Connect();
  ExpectAck(client.Subscribe("s", "SELECT id FROM " + Table()), "s");
  Run("BEGIN; INSERT INTO " + Table() + " (id) VALUES (1); INSERT INTO " + Table() +
      " (id) VALUES (2); UPDATE " + Table() + " SET n = 1 WHERE id = 1; COMMIT");
  sql_->Run("BEGIN; INSERT INTO " + Table() + " (id) VALUES (3); ROLLBACK");
  Run("INSERT INTO " + Table() + " (id) VALUES (4)");
  std::set<std::string> first;
  first.insert(Row(client.Next("s"))["id"].text());
  first.insert(Row(client.Next("s"))["id"].text());
  EXPECT_EQ(first, (std::set<std::string>{"1", "2"}));
  EXPECT_EQ(Row(client.Next("s"))["id"].text(), "4");
}

}  // namespace
}  // namespace kalam::test
