// User stories 5 and 15 under concurrency: namespaces that come and go, ids that never repeat. And what 10,000 tables
// may cost at most: `bench/many_tables.py` measures.

#include "live_client.h"
#include "support/server_test.h"

#include <atomic>
#include <thread>

namespace kalam::test {
namespace {

using SchemaIntegrity = SharedServerTest;

// US5 T281 test_namespace_validation_race_condition: a table is created in a namespace that exists, or not at all.
TEST_F(SchemaIntegrity, CreateTableAgainstCreateAndDropNamespace) {
  std::atomic<bool> stop = false;
  std::thread changer([&] {
    SqlClient client = Client();
    while (!stop) {
      client.Run("CREATE NAMESPACE IF NOT EXISTS racing");
      client.Run("DROP NAMESPACE IF EXISTS racing");
    }
  });
  std::vector<std::thread> creators;
  for (int c = 0; c < 3; ++c) {
    creators.emplace_back([&, c] {
      SqlClient client = Client();
      for (int i = 0; i < 60; ++i) {
        const std::string table = "racing.t" + std::to_string(c);
        const SqlAnswer created = client.Run("CREATE USER TABLE " + table + " (id BIGINT PRIMARY KEY)");
        if (created.ok()) {
          EXPECT_TRUE(Ok(client.Run("INSERT INTO " + table + " VALUES (1)")));  // nobody can drop it
          EXPECT_TRUE(Ok(client.Run("DROP TABLE " + table)));
        } else {
          EXPECT_NE(created.error().find("Create it first with CREATE NAMESPACE"), std::string::npos) << created;
        }
      }
    });
  }
  for (auto& creator : creators) creator.join();
  stop = true;
  changer.join();
}

// US15 T478 test_snowflake_id_uniqueness, T477 test_snowflake_id_time_component
TEST_F(SchemaIntegrity, TenThousandIdsMadeTogetherAreAllDifferent) {
  const std::string table = OwnNamespace() + ".t";
  ASSERT_TRUE(Ok(Client().Run("CREATE SHARED TABLE " + table +
                              " (id BIGINT PRIMARY KEY DEFAULT SNOWFLAKE_ID(), who INT, n INT)")));
  std::vector<std::thread> writers;
  for (int w = 0; w < 10; ++w) {
    writers.emplace_back([&, w] {
      SqlClient client = Client();
      for (int batch = 0; batch < 10; ++batch) {
        std::string values;
        for (int i = 0; i < 100; ++i) {
          values += (i == 0 ? "(" : ", (") + std::to_string(w) + ", " + std::to_string(batch * 100 + i) + ")";
        }
        EXPECT_TRUE(Ok(client.Run("INSERT INTO " + table + " (who, n) VALUES " + values)));
      }
    });
  }
  for (auto& writer : writers) writer.join();
  SqlClient client = Client();
  EXPECT_EQ(client.Run("SELECT count(DISTINCT id) FROM " + table).cell(), "10000");
  // Each writer's ids ascend with its rows.
  EXPECT_EQ(client.Run("SELECT count(*) FROM (SELECT n, lag(n) OVER (PARTITION BY who ORDER BY id) AS before FROM " +
                       table + ") WHERE n <= before")
                .cell(),
            "0");
}

// DESCRIBE and information_schema.columns say of system tables what their rows keep, jobs and live queries too.
TEST_F(SchemaIntegrity, RowsOfSystemTablesHaveWhatTheirColumnsPromise) {
  const std::string ns = OwnNamespace();
  SqlClient client = Client();
  ASSERT_TRUE(Ok(client.Run("CREATE USER TABLE " + ns + ".t (id BIGINT PRIMARY KEY); INSERT INTO " + ns +
                            ".t VALUES (1); FLUSH TABLE " + ns + ".t")));
  LiveClient live(server().port(), "maya");
  ASSERT_EQ(live.Subscribe("s", "SELECT * FROM " + ns + ".t")["type"].text(), "subscription_ack");

  const SqlAnswer columns = client.Run(
      "SELECT table_schema || '.' || table_name, column_name, is_primary_key FROM information_schema.columns "
      "WHERE table_schema IN ('system', 'information_schema') AND NOT is_nullable");
  ASSERT_TRUE(Ok(columns));
  int keys = 0;
  for (const auto& column : columns.rows()) {
    const std::string& table = column[0];
    const std::string name = "\"" + column[1] + "\"";
    const auto count = [&](const std::string& what) { return client.Run("SELECT " + what + " FROM " + table).cell(); };
    EXPECT_EQ(count("count(*) - count(" + name + ")"), "0") << table << " " << name;
    if (column[2] != "true") continue;
    ++keys;
    EXPECT_EQ(count("count(*) > 0 AND count(*) = count(DISTINCT " + name + ")"), "true") << table << " " << name;
  }
  EXPECT_EQ(keys, 8) << "one of each table in system";
}

}  // namespace
}  // namespace kalam::test
