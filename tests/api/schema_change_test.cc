// ALTER TABLE while others read and write.

#include "support/server_test.h"

#include <atomic>
#include <thread>

namespace kalam::test {
namespace {

using SchemaChange = SharedServerTest;

// Whatever the moment, a statement sees one definition: none fails, every acknowledged row is there, and each row
// shows the added column's value whether it was written before or after.
TEST_F(SchemaChange, WritersAndReadersNeverNoticeAColumnComingAndGoing) {
  const std::string ns = OwnNamespace();
  const std::string table = ns + ".t";
  ASSERT_TRUE(Ok(Client().Run("CREATE SHARED TABLE " + table + " (id BIGINT PRIMARY KEY, body TEXT, n INT)")));
  std::atomic<bool> stop = false;
  std::atomic<int> failures = 0;
  constexpr int kWriters = 3;
  std::array<std::atomic<int>, kWriters> written{};
  std::vector<std::thread> threads;
  const auto expect_ok = [&](const SqlAnswer& answer) {
    if (answer.ok()) return true;
    if (++failures == 1) ADD_FAILURE() << answer;
    return false;
  };
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back([&, w] {
      SqlClient client = Client();
      for (int i = 0; !stop; ++i) {
        const std::string id = std::to_string(w * 1'000'000 + i);
        // The fast path, the engine's path, and changes by key and by search.
        const std::string values = i % 2 == 0 ? "VALUES (" + id + ", 'b', 1)" : "SELECT " + id + ", 'b', 1";
        expect_ok(client.Run("INSERT INTO " + table + " (id, body, n) " + values));
        expect_ok(client.Run("UPDATE " + table + " SET n = 2 WHERE id = " + id));
        expect_ok(client.Run("UPDATE " + table + " SET n = n + 1 WHERE id = " + id + " AND body = 'b'"));
        ++written[w];
      }
    });
  }
  threads.emplace_back([&] {
    SqlClient client = Client();
    while (!stop) {
      const SqlAnswer all = client.Run("SELECT count(*) FROM " + table + " WHERE body IS NULL OR n NOT IN (1, 2, 3)");
      if (expect_ok(all)) {
        EXPECT_EQ(all.cell(), "0");
      }
      expect_ok(client.Run("SELECT body, n FROM " + table + " WHERE id = 0"));
      expect_ok(client.Run("SELECT * FROM " + table + " ORDER BY id DESC LIMIT 5"));
    }
  });

  SqlClient client = Client();
  constexpr int kRounds = 25;
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_TRUE(Ok(client.Run("ALTER TABLE " + table + " ADD COLUMN extra TEXT NOT NULL DEFAULT 'x'")));
    EXPECT_EQ(client.Run("SELECT count(*) FROM " + table + " WHERE extra <> 'x'").cell(), "0");
    ASSERT_TRUE(Ok(client.Run("ALTER TABLE " + table + " MODIFY n " + (round % 2 == 0 ? "BIGINT" : "INT"))));
    ASSERT_TRUE(Ok(client.Run("ALTER TABLE " + table + " DROP COLUMN extra")));
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  int total = 0;
  for (const auto& one : written) total += one;
  EXPECT_GT(total, 0);
  EXPECT_EQ(client.Run("SELECT count(*) FROM " + table).cell(), std::to_string(total));
  EXPECT_EQ(client.Run("SELECT count(*) FROM " + table + " WHERE body = 'b' AND n = 3").cell(), std::to_string(total));
  EXPECT_EQ(client.Run("SELECT schema_version FROM information_schema.tables WHERE table_id = '" + ns + ":t'").cell(),
            std::to_string(1 + 3 * kRounds));
}

// Between the look at the rows and the new definition nobody slips in a value that can't be converted.
TEST_F(SchemaChange, NoValueThatCannotBeConvertedSlipsPastTheCheck) {
  const std::string table = OwnNamespace() + ".t";
  ASSERT_TRUE(Ok(Client().Run("CREATE SHARED TABLE " + table + " (id BIGINT PRIMARY KEY, v TEXT NOT NULL)")));
  std::atomic<bool> stop = false;
  std::atomic<int> accepted = 0, refused = 0;
  std::vector<std::thread> writers;
  for (int w = 0; w < 3; ++w) {
    writers.emplace_back([&, w] {
      SqlClient client = Client();
      for (int i = 0; !stop; ++i) {
        const std::string id = std::to_string(w * 1'000'000 + i);
        const SqlAnswer insert = client.Run("INSERT INTO " + table + " VALUES (" + id + ", 'word')");
        insert.ok() ? ++accepted : ++refused;
        if (insert.ok()) client.Run("DELETE FROM " + table + " WHERE id = " + id);
      }
    });
  }
  SqlClient client = Client();
  int changed = 0;
  for (int round = 0; round < 60 && changed < 5; ++round) {
    if (!client.Run("ALTER TABLE " + table + " MODIFY v INT").ok()) continue;
    ++changed;
    EXPECT_EQ(client.Run("SELECT count(*) FROM " + table + " WHERE v IS NULL").cell(), "0");
    ASSERT_TRUE(Ok(client.Run("ALTER TABLE " + table + " MODIFY v TEXT")));
    EXPECT_EQ(client.Run("SELECT count(*) FROM " + table + " WHERE v IS NULL").cell(), "0");
  }
  stop = true;
  for (auto& writer : writers) writer.join();
  EXPECT_GT(accepted, 0);
}

TEST_F(SchemaChange, TheMessageNamesTheVersion) {
  const std::string ns = OwnNamespace();
  const std::string table = ns + ".t";
  SqlClient client = Client();
  ASSERT_TRUE(Ok(client.Run("CREATE USER TABLE " + table + " (id BIGINT PRIMARY KEY)")));
  EXPECT_EQ(client.Run("ALTER TABLE " + table + " ADD COLUMN a INT").message(),
            "Schema updated successfully. Version incremented to 2.");
  // US9 T297 test_describe_table_schema_history
  const SqlAnswer described = client.Run("DESCRIBE " + table);
  ASSERT_TRUE(Ok(described));
  EXPECT_EQ(described.columns(),
            (std::vector<std::string>{"column_name", "data_type", "is_nullable", "column_default", "is_primary_key",
                                      "current_schema_version", "schema_history_reference"}));
  EXPECT_EQ(described.rows()[1][0], "a");
  EXPECT_EQ(described.rows()[1][5], "2");
  EXPECT_EQ(described.rows()[1][6],
            "SELECT * FROM system.table_schemas WHERE namespace_id = '" + ns + "' AND table_name = 't'");
  const SqlAnswer history = client.Run("DESC TABLE " + table + " HISTORY");
  ASSERT_EQ(history.rows().size(), 2u);
  EXPECT_EQ(history.rows()[1][0], "2");
  EXPECT_EQ(history.rows()[1][2], "Added column 'a' (INT)");
}

}  // namespace
}  // namespace kalam::test
