// `request_id`: a write that is sent again, because its answer was lost, happens once.

#include <thread>

#include "support/server_test.h"

namespace kalam::test {
namespace {

SqlAnswer Send(SqlClient& client, std::string_view id, std::string_view sql, std::string_view params = "[]") {
  return client.Send("{\"sql\":" + JsonQuote(sql) + ",\"request_id\":" + JsonQuote(id) +
                     ",\"params\":" + std::string(params) + "}");
}

class RequestId : public SharedServerTest {
 protected:
  // A table with one row, (1, 0).
  std::string Table() {
    const std::string table = OwnNamespace() + ".t";
    EXPECT_TRUE(Ok(Client().Run("CREATE TABLE " + table + " (id BIGINT PRIMARY KEY, n BIGINT); INSERT INTO " + table +
                                " VALUES (1, 0)")));
    return table;
  }
  std::string Content(const std::string& table) {
    return Client().Run("SELECT string_agg(id || '=' || n, ' ' ORDER BY id) FROM " + table).cell();
  }
};

TEST_F(RequestId, ARetryGetsTheFirstAnswerAndWritesNothing) {
  const std::string table = Table();
  SqlClient client = Client();
  const std::string insert = "INSERT INTO " + table + " VALUES ($1, $2) RETURNING id, n + 1 AS more";
  const std::string update = "UPDATE " + table + " SET n = n + 10";
  for (int attempt = 0; attempt < 3; ++attempt) {
    const SqlAnswer inserted = Send(client, "ins", insert, "[2, 5]");
    ASSERT_TRUE(Ok(inserted));
    EXPECT_EQ(inserted.rows()[0], (std::vector<std::string>{"2", "6"}));
    EXPECT_EQ(inserted.message(), "1 row inserted.");
    const SqlAnswer updated = Send(client, "upd", update);
    ASSERT_TRUE(Ok(updated));
    EXPECT_EQ(updated.row_count(), 2);
  }
  EXPECT_EQ(Content(table), "1=10 2=15");
  EXPECT_TRUE(Ok(Send(client, "upd again", update)));
  EXPECT_EQ(Content(table), "1=20 2=25") << "another id is another request";
}

TEST_F(RequestId, AnIdStandsForOneRequestOfOneUser) {
  const std::string table = Table();
  SqlClient client = Client();
  ASSERT_TRUE(Ok(Send(client, "x", "INSERT INTO " + table + " VALUES ($1, 0)", "[2]")));
  for (const char* params : {"[3]", "[\"2\"]", "[2, 2]"}) {
    EXPECT_TRUE(FailsWith(Send(client, "x", "INSERT INTO " + table + " VALUES ($1, 0)", params), "REQUEST_ID_REUSED",
                          "request_id 'x' was used for another request within the last 10 minutes"));
  }
  SqlClient other = Client("maya");
  EXPECT_TRUE(Ok(Send(other, "x", "INSERT INTO " + table + " VALUES (4, 0)")));
  EXPECT_EQ(Content(table), "1=0 2=0 4=0");
}

TEST_F(RequestId, WhatFailedIsTriedAgain) {
  const std::string table = Table();
  SqlClient client = Client();
  const std::string insert = "INSERT INTO " + table + " VALUES (1, 7)";
  EXPECT_TRUE(FailsWith(Send(client, "f", insert), "SQL_EXECUTION_ERROR", "duplicate key"));
  ASSERT_TRUE(Ok(client.Run("DELETE FROM " + table + " WHERE id = 1")));
  EXPECT_TRUE(Ok(Send(client, "f", insert)));
  EXPECT_TRUE(Ok(Send(client, "f", insert)));
  EXPECT_EQ(Content(table), "1=7");
}

TEST_F(RequestId, ABatchGoesOnWhereItFailed) {
  const std::string table = Table();
  SqlClient client = Client();
  const std::string batch = "UPDATE " + table + " SET n = n + 1 WHERE id = 1; INSERT INTO " + table +
                            " VALUES (1, 1); SELECT count(*) AS n FROM " + table;
  for (int attempt = 0; attempt < 2; ++attempt) {
    const SqlAnswer failed = Send(client, "b", batch);
    EXPECT_TRUE(FailsWith(failed, "SQL_EXECUTION_ERROR", "Statement 2 failed: duplicate key"));
    ASSERT_EQ(failed.results().size(), 1u);
    EXPECT_EQ(failed.message(0), "1 row updated.");
  }
  EXPECT_EQ(Content(table), "1=1") << "updated once";
  ASSERT_TRUE(Ok(client.Run("DELETE FROM " + table)));
  const SqlAnswer done = Send(client, "b", batch);
  ASSERT_TRUE(Ok(done));
  EXPECT_EQ(done.results().size(), 3u);
  EXPECT_EQ(done.rows(2)[0][0], "1");
}

TEST_F(RequestId, ATransactionIsOneStep) {
  const std::string table = Table();
  SqlClient client = Client();
  const std::string sql = "BEGIN; UPDATE " + table + " SET n = n + 1; INSERT INTO " + table +
                          " VALUES (2, 2); COMMIT; SELECT sum(n) AS total FROM " + table;
  for (int attempt = 0; attempt < 2; ++attempt) {
    const SqlAnswer answer = Send(client, "t", sql);
    ASSERT_TRUE(Ok(answer));
    ASSERT_EQ(answer.results().size(), 5u);
    EXPECT_EQ(answer.message(3), "Transaction committed");
    EXPECT_EQ(answer.rows(4)[0][0], "3");
  }
  EXPECT_EQ(Content(table), "1=1 2=2");
}

TEST_F(RequestId, OutcomesWithoutRowsAreRememberedToo) {
  const std::string table = Table();
  SqlClient client = Client();
  const std::string nothing = "UPDATE " + table + " SET n = 99 WHERE id = 5";
  const std::string with = "WITH x AS (SELECT 5 AS id) DELETE FROM " + table + " AS t USING x WHERE t.id = x.id";
  EXPECT_EQ(Send(client, "none", nothing).message(), "0 rows updated.");
  EXPECT_EQ(Send(client, "with", with).message(), "0 rows deleted.");
  ASSERT_TRUE(Ok(client.Run("INSERT INTO " + table + " VALUES (5, 0)")));
  EXPECT_EQ(Send(client, "none", nothing).message(), "0 rows updated.");
  EXPECT_EQ(Send(client, "with", with).message(), "0 rows deleted.");
  EXPECT_EQ(Content(table), "1=0 5=0");
  for (int attempt = 0; attempt < 2; ++attempt) {
    EXPECT_EQ(Send(client, "ddl", "CREATE STREAM TABLE " + table + "_events (id BIGINT PRIMARY KEY) TTL 600").message(),
              "Stream table created successfully");
    EXPECT_EQ(Send(client, "event", "INSERT INTO " + table + "_events VALUES (1)").message(), "1 row inserted.");
  }
}

TEST_F(RequestId, TheSameRequestAtOnceHappensOnce) {
  const std::string table = Table();
  std::vector<std::thread> threads;
  for (int i = 0; i < 24; ++i) {
    threads.emplace_back([&] {
      SqlClient client = Client();
      const SqlAnswer answer = Send(client, "same", "UPDATE " + table + " SET n = n + 1 RETURNING n");
      EXPECT_TRUE(Ok(answer));
      EXPECT_EQ(answer.cell(), "1");
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(Content(table), "1=1");
}

TEST_F(RequestId, AnAnswerTooLargeToKeepIsNotRunTwice) {
  const std::string table = Table();
  SqlClient client = Client();
  const std::string sql = "UPDATE " + table + " SET n = n + 1 RETURNING repeat('x', 2000000) AS text";
  EXPECT_TRUE(Ok(Send(client, "big", sql)));
  EXPECT_TRUE(FailsWith(Send(client, "big", sql), "LIMIT_EXCEEDED", "request 'big' was executed"));
  EXPECT_EQ(Content(table), "1=1");
}

TEST_F(RequestId, SecretsAreNotKept) {
  SqlClient client = Client();
  ASSERT_TRUE(Ok(client.Run("CREATE USER keyholder")));
  const SqlAnswer key = Send(client, "key", "CREATE API KEY FOR keyholder");
  ASSERT_TRUE(Ok(key));
  EXPECT_TRUE(FailsWith(Send(client, "key", "CREATE API KEY FOR keyholder"), "LIMIT_EXCEEDED",
                        "request 'key' was executed; its answer was not kept"));
}

using RequestIdServer = OwnServerTest;

TEST_F(RequestIdServer, OutcomesOutliveARestartAndAKill) {
  ServerProcess& server = Make();
  server.Start();
  ASSERT_TRUE(Ok(SqlClient(server.port()).Run("CREATE NAMESPACE a; CREATE TABLE a.t (id BIGINT PRIMARY KEY, n BIGINT); "
                                              "INSERT INTO a.t VALUES (1, 0)")));
  const auto send = [&] {
    SqlClient client(server.port());
    const SqlAnswer answer = Send(client, "r", "UPDATE a.t SET n = n + 1 RETURNING n");
    EXPECT_TRUE(Ok(answer));
    return answer.cell();
  };
  EXPECT_EQ(send(), "1");
  server.Restart();
  EXPECT_EQ(send(), "1");
  server.Kill();
  server.Start();
  EXPECT_EQ(send(), "1");
}

TEST_F(RequestIdServer, ManyIdsAreBounded) {
  ServerProcess& server = Make({.config = "[limits]\nmax_request_ids = 3\n"});
  server.Start();
  SqlClient client(server.port());
  ASSERT_TRUE(Ok(client.Run("CREATE NAMESPACE a; CREATE TABLE a.t (id BIGINT PRIMARY KEY)")));
  for (int i = 0; i < 3; ++i) {
    const std::string id = std::to_string(i);
    EXPECT_TRUE(Ok(Send(client, id, "INSERT INTO a.t VALUES (" + id + ")")));
    EXPECT_FALSE(Send(client, "failing " + id, "INSERT INTO a.t VALUES (" + id + ")").ok());
  }
  EXPECT_TRUE(FailsWith(Send(client, "one more", "INSERT INTO a.t VALUES (3)"), "LIMIT_EXCEEDED",
                        "limits.max_request_ids"));
  EXPECT_TRUE(Ok(Send(client, "1", "INSERT INTO a.t VALUES (1)"))) << "none is forgotten early";
  EXPECT_TRUE(Ok(client.Run("INSERT INTO a.t VALUES (4)"))) << "without an id nothing is bounded";
  EXPECT_EQ(client.Run("SELECT count(*) FROM a.t").cell(), "4");
}

}  // namespace
}  // namespace kalam::test
