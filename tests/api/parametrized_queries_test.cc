// US1 T115 test_parametrized_queries: parameters and the plan cache, as a client sees them.

#include "support/server_test.h"

#include <thread>
#include <vector>

namespace kalam::test {
namespace {

class ParametrizedQueries : public SharedServerTest {
 protected:
  // `ns.t (id, body, n, at)` with five rows of maya's.
  std::string OwnTable() {
    const std::string table = OwnNamespace() + ".t";
    EXPECT_TRUE(
        Ok(Client().Run("CREATE USER TABLE " + table +
                        " (id BIGINT PRIMARY KEY, body TEXT, n INT, at TIMESTAMP DEFAULT NOW())")));
    EXPECT_TRUE(Ok(Client("maya").Run(
        "INSERT INTO " + table + " (id, body, n) VALUES " +
        "(1, 'a', 10), (2, 'b', 20), (3, 'c', 30), (4, 'b', 40), (5, 'e', 50)")));
    return table;
  }
};

bool Hit(const SqlAnswer& answer) {
  EXPECT_TRUE(answer.ok()) << answer;
  EXPECT_EQ(answer.json["cache_hit"].text(), answer.result()["cache_hit"].text()) << answer;
  return answer.json["cache_hit"].text() == "true";
}

// US1 T116 test_parametrized_query_execution
TEST_F(ParametrizedQueries, ParametrizedQueryExecution) {
  const std::string t = OwnTable();
  auto maya = Client("maya");
  EXPECT_EQ(maya.Run("SELECT id FROM " + t + " WHERE body = $1 AND n > $2", R"(["b", 25])").cell(),
            "4");
  EXPECT_EQ(maya.Run("SELECT body FROM " + t + " WHERE id = $1", "[3]").cell(), "c");
  EXPECT_EQ(maya.Run("SELECT count(*) FROM " + t + " WHERE id IN ($1, $2, $1)", "[1, 5]").cell(),
            "2");
  EXPECT_EQ(
      maya.Run("SELECT count(*) FROM " + t + " WHERE at < $1", R"(["2100-01-01T00:00:00+02:00"])")
          .cell(),
      "5");
  EXPECT_EQ(maya.Run("SELECT count(*) FROM " + t + " WHERE n < $1", "[20.5]").cell(), "2");
  EXPECT_EQ(maya.Run("SELECT count(*) FROM " + t + " WHERE n < $1", "[9007199254740993]").cell(),
            "5");
  EXPECT_EQ(maya.Run("SELECT id FROM " + t + " ORDER BY id LIMIT $1 OFFSET $2", "[1, 3]").cell(),
            "4");
  // Values are values: nothing of them is read as SQL.
  EXPECT_EQ(maya.Run("SELECT count(*) FROM " + t + " WHERE upper(body) = $1", R"(["' OR '1'='1"])")
                .cell(),
            "0");
}

// US1 T117 test_execution_plan_caching
TEST_F(ParametrizedQueries, ExecutionPlanCaching) {
  const std::string t = OwnTable();
  auto maya = Client("maya");
  const std::string sql =
      "SELECT body, sum(n) AS s FROM " + t + " WHERE n > $1 GROUP BY body ORDER BY s DESC";
  const auto took = [](const SqlAnswer& answer) {
    return std::stod(answer.json["took_ms"].text());
  };
  const SqlAnswer first = maya.Run(sql, "[5]");
  EXPECT_FALSE(Hit(first));
  double best = took(first);
  for (int i = 0; i < 20; ++i) {
    const SqlAnswer again = maya.Run(sql, "[" + std::to_string(i) + "]");
    EXPECT_TRUE(Hit(again));
    best = std::min(best, took(again));
  }
  EXPECT_LT(best, took(first) * 0.6);
}

// US1 T117a test_global_cache_cross_user
TEST_F(ParametrizedQueries, GlobalCacheCrossUser) {
  const std::string t = OwnTable();
  EXPECT_TRUE(Ok(Client("noah").Run("INSERT INTO " + t + " (id, body) VALUES (1, 'noah')")));
  for (const std::string& sql :
       {"SELECT body FROM " + t + " WHERE id = $1",
        "SELECT min(body) FROM " + t + " WHERE id = $1 AND CURRENT_USER() <> 'x'"}) {
    EXPECT_FALSE(Hit(Client("maya").Run(sql, "[1]")));
    const SqlAnswer noah = Client("noah").Run(sql, "[1]");
    EXPECT_TRUE(Hit(noah));
    EXPECT_EQ(noah.cell(), "noah");
    EXPECT_EQ(Client("maya").Run(sql, "[1]").cell(), "a");
    EXPECT_EQ(Client("stranger").Run("SELECT count(*) FROM " + t + " WHERE id >= $1", "[0]").cell(),
              "0");
  }
}

// US1 T117c test_cache_hit_miss_metrics
TEST_F(ParametrizedQueries, CacheHitMissMetrics) {
  const std::string t = OwnTable();
  auto maya = Client("maya");
  for (const std::string& sql :
       {"SELECT * FROM " + t + " WHERE id = $1", "SELECT * FROM " + t + " WHERE n = $1",
        "UPDATE " + t + " SET n = 1 WHERE id = $1", "UPDATE " + t + " SET n = 1 WHERE n = $1",
        "DELETE FROM " + t + " WHERE id = $1", "DELETE FROM " + t + " WHERE n = $1",
        "INSERT INTO " + t + " (id, body) VALUES ($1, 'x')",
        "INSERT INTO " + t + " (id) VALUES ($1 + 100)"}) {
    EXPECT_FALSE(Hit(maya.Run(sql, "[1001]"))) << sql;
    EXPECT_TRUE(Hit(maya.Run(sql, "[1002]"))) << sql;
    EXPECT_TRUE(Hit(maya.Run(sql, "[1003]"))) << sql;
  }
}

// Blanks, comments, the case of keywords, and literals that only say which rows make no other
// statement.
TEST_F(ParametrizedQueries, TheSameStatementInOtherWords) {
  const std::string t = OwnTable();
  auto maya = Client("maya");
  EXPECT_FALSE(
      Hit(maya.Run("SELECT upper(body) AS b FROM " + t + " WHERE n = 10 AND body <> 'x''y'")));
  const SqlAnswer again = maya.Run("select  upper(body)\n  as b -- first\n from " + t +
                                   " where n=20 and /* ! */ body<>'z' ;");
  EXPECT_TRUE(Hit(again));
  EXPECT_EQ(again.cell(), "B");
  // What shapes the answer makes another one.
  EXPECT_EQ(maya.Run("SELECT n + 1 FROM " + t + " WHERE n = 10").columns()[0], "(n + 1)");
  EXPECT_EQ(maya.Run("SELECT n + 2 FROM " + t + " WHERE n = 10").columns()[0], "(n + 2)");
  EXPECT_EQ(maya.Run("SELECT n + 2 FROM " + t + " WHERE n = 10").cell(), "12");
  EXPECT_EQ(maya.Run("SELECT body FROM " + t + " WHERE id > 0 ORDER BY 1 LIMIT 1").cell(), "a");
  EXPECT_EQ(maya.Run("SELECT body FROM " + t + " WHERE id > 0 ORDER BY 1 LIMIT 2").row_count(), 2);
  // A literal of another kind compares as it did.
  EXPECT_EQ(maya.Run("SELECT count(*) FROM " + t + " WHERE n < 20.5 AND id > 0").cell(), "2");
  EXPECT_EQ(maya.Run("SELECT count(*) FROM " + t + " WHERE n < 21 AND id > 0").cell(), "2");
  EXPECT_EQ(maya.Run("SELECT count(*) FROM " + t + " WHERE n < 3000000000 AND id > 0").cell(), "5");
  EXPECT_EQ(maya.Run("SELECT count(*) FROM " + t + " WHERE n < '21' AND id > 0").cell(), "2");
  EXPECT_EQ(maya.Run("SELECT count(*) FROM " + t + " WHERE n BETWEEN 10 AND 20 AND id > -5").cell(),
            "2");
  EXPECT_EQ(
      maya.Run("SELECT count(*) FROM " + t + " WHERE n BETWEEN -10 AND 30 AND id > -5").cell(),
      "3");
}

// US1 T118 test_parameter_count_mismatch
TEST_F(ParametrizedQueries, ParameterCountMismatch) {
  const std::string t = OwnTable();
  auto maya = Client("maya");
  for (const std::string& sql :
       {"SELECT body FROM " + t + " WHERE id = $1",
        "SELECT upper(body) FROM " + t + " WHERE id = $1", "DELETE FROM " + t + " WHERE n = $1",
        "UPDATE " + t + " SET n = 0 WHERE id = $1"}) {
    for (const char* params : {"[]", "[1, 2]"}) {
      EXPECT_TRUE(FailsWith(maya.Run(sql, params), "PARAM_COUNT_MISMATCH", "parameter mismatch"))
          << sql;
    }
    EXPECT_TRUE(FailsWith(maya.Run(sql), "PARAM_COUNT_MISMATCH", "parameter mismatch")) << sql;
  }
  EXPECT_TRUE(
      FailsWith(maya.Run("SELECT $2", "[1, 2]"), "PARAM_COUNT_MISMATCH", "parameter mismatch"));
  EXPECT_TRUE(
      FailsWith(maya.Run("SELECT $0", "[1]"), "PARAM_COUNT_MISMATCH", "parameter mismatch"));
  // A literal never stands in for a parameter that was not given.
  EXPECT_TRUE(FailsWith(maya.Run("SELECT upper(body) FROM " + t + " WHERE n = 10 AND id = $1"),
                        "PARAM_COUNT_MISMATCH", "parameter mismatch"));
  EXPECT_EQ(maya.Run("SELECT count(*) FROM " + t).cell(), "5");
}

// US1 T119 test_parameter_type_validation
TEST_F(ParametrizedQueries, ParameterTypeValidation) {
  const std::string t = OwnTable();
  auto maya = Client("maya");
  EXPECT_TRUE(FailsWith(maya.Run("SELECT * FROM " + t + " WHERE id = $1", R"(["abc"])"),
                        "PARAM_TYPE_MISMATCH", "cannot convert TEXT 'abc' to BIGINT"));
  EXPECT_TRUE(FailsWith(maya.Run("SELECT * FROM " + t + " WHERE n > $1", R"(["abc"])"),
                        "PARAM_TYPE_MISMATCH", "cannot convert TEXT 'abc' to INT"));
  EXPECT_TRUE(FailsWith(maya.Run("SELECT * FROM " + t + " WHERE at > $1", "[true]"),
                        "PARAM_TYPE_MISMATCH", "cannot convert BOOLEAN true to TIMESTAMP"));
  EXPECT_TRUE(FailsWith(maya.Run("UPDATE " + t + " SET body = 'x' WHERE n = $1", R"(["abc"])"),
                        "PARAM_TYPE_MISMATCH", "cannot convert TEXT 'abc' to INT"));
  EXPECT_TRUE(FailsWith(maya.Run("INSERT INTO " + t + " (id, n) VALUES ($1, $2)", R"([9, "abc"])"),
                        "PARAM_TYPE_MISMATCH", "column 'n': cannot convert TEXT 'abc' to INT"));
  EXPECT_TRUE(FailsWith(maya.Run("UPDATE " + t + " SET n = $1 WHERE id = 1", R"(["abc"])"),
                        "PARAM_TYPE_MISMATCH", "column 'n': cannot convert TEXT 'abc' to INT"));
  EXPECT_EQ(maya.Run("SELECT count(*) FROM " + t + " WHERE n > 5").cell(), "5");
}

// US1 T120 test_query_timing_in_response
TEST_F(ParametrizedQueries, QueryTimingInResponse) {
  const SqlAnswer answer =
      Client("maya").Run("SELECT upper(body) FROM " + OwnTable() + " WHERE id = $1", "[1]");
  ASSERT_TRUE(Ok(answer));
  EXPECT_TRUE(answer.json["took_ms"].is_number());
  EXPECT_TRUE(answer.json["cache_hit"].is_bool());
  EXPECT_TRUE(answer.result()["cache_hit"].is_bool());
}

// US1 T121 test_parametrized_insert_update_delete
TEST_F(ParametrizedQueries, ParametrizedInsertUpdateDelete) {
  const std::string t = OwnTable();
  auto maya = Client("maya");
  for (int i = 10; i < 13; ++i) {
    const std::string id = std::to_string(i);
    EXPECT_EQ(maya.Run("INSERT INTO " + t + " (id, body, n) VALUES ($1, $2, $3)",
                       "[" + id + R"(, "p", null])")
                  .row_count(),
              1);
    EXPECT_EQ(maya.Run("INSERT INTO " + t + " (id, n) VALUES ($1 + 100, $2)", "[" + id + ", 7]")
                  .row_count(),
              1);
    EXPECT_EQ(maya.Run("UPDATE " + t + " SET n = $2 WHERE id = $1", "[" + id + ", 77]").row_count(),
              1);
    EXPECT_EQ(maya.Run("UPDATE " + t + " SET n = n + $1 WHERE body = $2 AND id = $3",
                       R"([1, "p", )" + id + "]")
                  .row_count(),
              1);
    EXPECT_EQ(maya.Run("SELECT n FROM " + t + " WHERE id = $1", "[" + id + "]").cell(), "78");
    EXPECT_EQ(
        maya.Run("DELETE FROM " + t + " WHERE id = $1 AND n > $2", "[" + id + ", 0]").row_count(),
        1);
  }
  EXPECT_EQ(maya.Run("SELECT count(*) FROM " + t + " WHERE id >= $1", "[10]").cell(), "3");
}

// US1 T122 test_concurrent_parametrized_queries
TEST_F(ParametrizedQueries, ConcurrentParametrizedQueries) {
  const std::string t = OwnTable();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 10; ++thread) {
    threads.emplace_back([&, thread] {
      auto client = Client("user" + std::to_string(thread % 3));
      const std::string own = std::to_string(100 + thread);
      EXPECT_TRUE(Ok(client.Run("INSERT INTO " + t + " (id, body, n) VALUES ($1, $2, 1)",
                                "[" + own + R"(, "mine"])")));
      for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(
            client.Run("SELECT upper(body) FROM " + t + " WHERE id = $1", "[" + own + "]").cell(),
            "MINE");
        EXPECT_EQ(
            client
                .Run("SELECT count(*) FROM " + t + " WHERE n = $1 AND id = $2", "[1, " + own + "]")
                .cell(),
            "1");
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST_F(ParametrizedQueries, ParametersAreForOneStatement) {
  EXPECT_FALSE(Client().Run("SELECT $1; SELECT $1", "[1]").ok());
}

// A plan outlives no change of what it was made for, and carries nobody's rights.
TEST_F(ParametrizedQueries, PlansFollowTheCatalogAndTheRights) {
  const std::string ns = OwnNamespace();
  const std::string secret = ns + ".secret";
  ASSERT_TRUE(Ok(Client().Run("CREATE SHARED TABLE " + secret +
                              " (id BIGINT PRIMARY KEY, body TEXT) ACCESS private")));
  ASSERT_TRUE(Ok(Client().Run("INSERT INTO " + secret + " VALUES (1, 'for the owner')")));
  const std::string read = "SELECT upper(body) FROM " + secret + " WHERE id = $1";
  EXPECT_TRUE(Ok(Client().Run(read, "[1]")));
  EXPECT_TRUE(Hit(Client().Run(read, "[1]")));
  const SqlAnswer denied = Client("mallory").Run(read, "[1]");
  EXPECT_EQ(denied.code(), "PERMISSION_DENIED") << denied;
  EXPECT_TRUE(
      FailsWith(Client("mallory").Run("SELECT max(id) FROM " + secret + " WHERE id > $1", "[0]"),
                "PERMISSION_DENIED", ""));

  const std::string some = ns + ".some";
  const std::string upper = "SELECT upper(body) FROM " + some + " WHERE id = $1";
  ASSERT_TRUE(Ok(Client().Run("CREATE SHARED TABLE " + some +
                              " (id BIGINT PRIMARY KEY, body TEXT) ACCESS restricted")));
  ASSERT_TRUE(Ok(Client().Run("INSERT INTO " + some + " VALUES (1, 'x')")));
  EXPECT_TRUE(Ok(Client().Run(upper, "[1]")));
  EXPECT_EQ(Client("mallory").Run(upper, "[1]").code(), "PERMISSION_DENIED");
  ASSERT_TRUE(Ok(Client().Run("GRANT ACCESS ON " + some + " TO 'mallory'")));
  EXPECT_TRUE(Hit(Client("mallory").Run(upper, "[1]")));
  ASSERT_TRUE(Ok(Client().Run("REVOKE ACCESS ON " + some + " FROM 'mallory'")));
  EXPECT_EQ(Client("mallory").Run(upper, "[1]").code(), "PERMISSION_DENIED");
  EXPECT_TRUE(Hit(Client().Run(upper, "[1]")));

  const std::string t = ns + ".t";
  const std::string all = "SELECT * FROM " + t + " WHERE n >= $1";
  ASSERT_TRUE(Ok(Client().Run("CREATE USER TABLE " + t + " (id BIGINT PRIMARY KEY, n INT)")));
  ASSERT_TRUE(Ok(Client("maya").Run("INSERT INTO " + t + " VALUES (1, 5)")));
  EXPECT_FALSE(Hit(Client("maya").Run(all, "[0]")));
  EXPECT_TRUE(Hit(Client("maya").Run(all, "[0]")));
  ASSERT_TRUE(Ok(Client().Run("ALTER TABLE " + t + " ADD COLUMN more TEXT")));
  const SqlAnswer altered = Client("maya").Run(all, "[0]");
  EXPECT_FALSE(Hit(altered));
  EXPECT_EQ(altered.columns().size(), 5u);
  EXPECT_TRUE(Hit(Client("maya").Run(all, "[0]")));
  ASSERT_TRUE(Ok(Client().Run("DROP USER TABLE " + t)));
  EXPECT_NE(Client("maya").Run(all, "[0]").error().find("does not exist"), std::string::npos);
  ASSERT_TRUE(
      Ok(Client().Run("CREATE USER TABLE " + t + " (id BIGINT PRIMARY KEY, n BIGINT, body TEXT)")));
  const SqlAnswer anew = Client("maya").Run(all, "[0]");
  EXPECT_FALSE(Hit(anew));
  EXPECT_EQ(anew.row_count(), 0);
  EXPECT_EQ(anew.columns(), (std::vector<std::string>{"id", "n", "body", "_updated", "_deleted"}));
}

// --- servers of their own

using PlanCacheSize = OwnServerTest;

// US1 T117b test_lru_eviction
TEST_F(PlanCacheSize, LruEviction) {
  auto& server = Make({.config = "query_cache_size = 10\n"});
  server.Start();
  SqlClient client(server.port());
  ASSERT_TRUE(Ok(client.Run("CREATE NAMESPACE app")));
  ASSERT_TRUE(Ok(client.Run("CREATE TABLE app.t (id BIGINT PRIMARY KEY, n INT)")));
  const auto run = [&](int i) {
    return Hit(client.Run("SELECT n + " + std::to_string(i) + " FROM app.t WHERE n > $1", "[0]"));
  };
  for (int i = 0; i < 15; ++i) EXPECT_FALSE(run(i)) << i;
  for (int i = 14; i >= 5; --i) EXPECT_TRUE(run(i)) << i;
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(run(i)) << i;
}

TEST_F(PlanCacheSize, NoneIsNone) {
  auto& server = Make({.env = {{"KALAMDB_QUERY_CACHE_SIZE", "0"}}});
  server.Start();
  SqlClient client(server.port());
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(Hit(client.Run("SELECT $1 + 1 AS n", "[1]")));
}

}  // namespace
}  // namespace kalam::test
