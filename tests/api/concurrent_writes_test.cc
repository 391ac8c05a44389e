// Many clients on the same rows, over HTTP: nobody starves, nothing is lost, and what a plain model says is what
// the server has. Random parts print their seed; KALAM_SEED repeats one.

#include <atomic>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <thread>

#include "support/server_test.h"

namespace kalam::test {
namespace {

class ConcurrentWrites : public SharedServerTest {
 protected:
  static unsigned Seed() {
    const char* given = std::getenv("KALAM_SEED");
    return given ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  }

  // Runs `work(client, number)` on as many connections at once.
  template <typename Work>
  static void InParallel(int clients, Work work) {
    std::vector<std::thread> threads;
    for (int i = 0; i < clients; ++i) {
      threads.emplace_back([i, &work] {
        SqlClient client = Client();
        work(client, i);
      });
    }
    for (auto& thread : threads) thread.join();
  }
};

constexpr int kClients = 64;

TEST_F(ConcurrentWrites, AHotRowStarvesNobody) {
  const std::string table = OwnNamespace() + ".t";
  ASSERT_TRUE(Ok(Client().Run("CREATE TABLE " + table + " (id BIGINT PRIMARY KEY, n BIGINT); INSERT INTO " + table +
                              " VALUES (1, 0)")));
  constexpr int kRounds = 5;
  InParallel(kClients, [&](SqlClient& client, int) {
    for (int i = 0; i < kRounds; ++i) {
      EXPECT_TRUE(Ok(client.Run("UPDATE " + table + " SET n = n + 1 WHERE id = 1")));
    }
  });
  EXPECT_EQ(Client().Run("SELECT n FROM " + table).cell(), std::to_string(kClients * kRounds));
}

TEST_F(ConcurrentWrites, UpsertsCountEachOther) {
  const std::string table = OwnNamespace() + ".t";
  ASSERT_TRUE(Ok(Client().Run("CREATE TABLE " + table + " (id TEXT PRIMARY KEY, n BIGINT)")));
  constexpr int kRounds = 5;
  std::atomic<int> inserted = 0;
  InParallel(kClients, [&](SqlClient& client, int number) {
    for (int i = 0; i < kRounds; ++i) {
      EXPECT_TRUE(Ok(client.Run("INSERT INTO " + table + " AS c VALUES ('hits', 1), ('own " + std::to_string(number) +
                                "', 1) ON CONFLICT (id) DO UPDATE SET n = c.n + excluded.n")));
      const SqlAnswer once =
          client.Run("INSERT INTO " + table + " VALUES ('once " + std::to_string(i) + "', 7) ON CONFLICT DO NOTHING");
      EXPECT_TRUE(Ok(once));
      inserted += static_cast<int>(once.row_count());
    }
  });
  EXPECT_EQ(Client().Run("SELECT n FROM " + table + " WHERE id = 'hits'").cell(), std::to_string(kClients * kRounds));
  EXPECT_EQ(Client().Run("SELECT sum(n) FROM " + table + " WHERE id LIKE 'own%'").cell(),
            std::to_string(kClients * kRounds));
  EXPECT_EQ(inserted, kRounds) << "each key went in once";
}

// Amounts move between accounts in transactions; whoever loses a race is told so and tries again. The sum is the
// same at every moment that anybody sees.
TEST_F(ConcurrentWrites, TransfersKeepTheSum) {
  const unsigned seed = Seed();
  SCOPED_TRACE("seed=" + std::to_string(seed));
  const std::string ns = OwnNamespace();
  constexpr int kAccounts = 10;
  constexpr int kTransfers = 20;
  const std::string columns = " (id BIGINT PRIMARY KEY, n BIGINT)";
  ASSERT_TRUE(Ok(Client().Run("CREATE TABLE " + ns + ".a" + columns + "; CREATE TABLE " + ns + ".b" + columns)));
  ASSERT_TRUE(Ok(Client().Run("INSERT INTO " + ns + ".a SELECT i, 100 FROM range(" + std::to_string(kAccounts) +
                              ") t(i); INSERT INTO " + ns + ".b SELECT id, n FROM " + ns + ".a")));
  const std::string total =
      "SELECT (SELECT sum(n) FROM " + ns + ".a) + (SELECT sum(n) FROM " + ns + ".b) AS total";
  const std::string expected = std::to_string(2 * kAccounts * 100);
  std::atomic<int> lost = 0;
  std::atomic<int> done = 0;
  constexpr int kMovers = 8;
  InParallel(kMovers + 2, [&](SqlClient& client, int number) {
    if (number >= kMovers) {
      while (done < kMovers) {
        const SqlAnswer seen = client.Run(total);
        EXPECT_TRUE(Ok(seen));
        EXPECT_EQ(seen.cell(), expected);
      }
      return;
    }
    std::mt19937 random(seed + static_cast<unsigned>(number));
    for (int moved = 0; moved < kTransfers;) {
      const std::string from = std::to_string(random() % kAccounts), to = std::to_string(random() % kAccounts);
      const std::string amount = std::to_string(1 + random() % 9);
      const SqlAnswer answer =
          client.Run("BEGIN; UPDATE " + ns + ".a SET n = n - " + amount + " WHERE id = " + from + "; UPDATE " + ns +
                     ".b SET n = n + " + amount + " WHERE id = " + to + "; " + total + "; COMMIT");
      if (!answer.ok()) {
        EXPECT_TRUE(FailsWith(answer, "SERIALIZATION_FAILURE",
                              "Statement 5 failed: ERROR: could not serialize access due to concurrent update"));
        EXPECT_EQ(answer.http.status, 409);
        ++lost;
        continue;
      }
      EXPECT_EQ(answer.rows(3)[0][0], expected) << "inside the transaction";
      ++moved;
    }
    ++done;
  });
  EXPECT_EQ(Client().Run(total).cell(), expected);
  // Each mover's own arithmetic, applied once per success.
  EXPECT_EQ(Client().Run("SELECT (SELECT sum(n) FROM " + ns + ".a) < " + std::to_string(kAccounts * 100)).cell(),
            "true");
}

// What takes long enough that others do a lot meanwhile; no table is part of it.
constexpr std::string_view kSlow = "SELECT sum(hash(a.i + b.i) % 7) AS n FROM range(4000) a(i), range(2500) b(i)";

TEST_F(ConcurrentWrites, TheFirstCommitterWins) {
  const std::string table = OwnNamespace() + ".t";
  ASSERT_TRUE(Ok(Client().Run("CREATE TABLE " + table + " (id BIGINT PRIMARY KEY, n BIGINT); INSERT INTO " + table +
                              " VALUES (1, 0)")));
  std::atomic<bool> done = false;
  SqlAnswer answer;
  std::thread transaction([&] {
    answer = Client().Run("BEGIN; " + std::string(kSlow) + "; UPDATE " + table +
                          " SET n = -1 WHERE id = 1; SELECT n FROM " + table + "; COMMIT");
    done = true;
  });
  std::int64_t written = 0;
  SqlClient client = Client();
  while (!done) {
    EXPECT_TRUE(Ok(client.Run("UPDATE " + table + " SET n = " + std::to_string(++written) + " WHERE id = 1")));
  }
  transaction.join();
  EXPECT_EQ(answer.http.status, 409);
  EXPECT_TRUE(FailsWith(answer, "SERIALIZATION_FAILURE",
                        "Statement 5 failed: ERROR: could not serialize access due to concurrent update"));
  ASSERT_EQ(answer.results().size(), 4u) << "the results before it are told";
  EXPECT_EQ(answer.rows(3)[0][0], "-1") << "its own row, whatever others write";
  EXPECT_EQ(Client().Run("SELECT n FROM " + table).cell(), std::to_string(written));
}

TEST_F(ConcurrentWrites, ATableDroppedDuringATransactionIsAConflict) {
  const std::string table = OwnNamespace() + ".t";
  const std::string create = "CREATE TABLE " + table + " (id BIGINT PRIMARY KEY)";
  ASSERT_TRUE(Ok(Client().Run(create)));
  std::atomic<bool> done = false;
  SqlAnswer answer;
  std::thread transaction([&] {
    do {  // until the table was there for the INSERT
      answer = Client().Run("BEGIN; INSERT INTO " + table + " VALUES (1); " + std::string(kSlow) + "; COMMIT");
    } while (answer.http.status == 400);
    done = true;
  });
  SqlClient client = Client();
  while (!done) EXPECT_TRUE(Ok(client.Run("DROP TABLE " + table + "; " + create)));
  transaction.join();
  EXPECT_TRUE(FailsWith(answer, "SERIALIZATION_FAILURE", "was altered or dropped during the transaction"));
  EXPECT_EQ(Client().Run("SELECT count(*) FROM " + table).cell(), "0");
}

// US15 T483 test_not_null_enforcement_insert
// US15 T484 test_not_null_enforcement_update
// US15 T485 test_not_null_validation_before_write
TEST_F(ConcurrentWrites, NotNullValidationBeforeWrite) {
  const std::string table = OwnNamespace() + ".t";
  ASSERT_TRUE(Ok(Client().Run("CREATE TABLE " + table + " (id BIGINT PRIMARY KEY, v TEXT NOT NULL); INSERT INTO " +
                              table + " VALUES (1, 'x'), (2, 'y')")));
  const auto commits = [] {
    return Client().Run("SELECT value FROM system.stats WHERE name = 'commits_total'").cell();
  };
  const std::string before = commits();
  const std::string violation = "NOT NULL violation: column 'v' cannot be null";
  for (const std::string& sql :
       {"INSERT INTO " + table + " VALUES (3, 'z'), (4, NULL)", "INSERT INTO " + table + " (id) VALUES (3)",
        "INSERT INTO " + table + " SELECT id + 10, CASE id WHEN 1 THEN v END FROM " + table,
        "UPDATE " + table + " SET v = NULL WHERE id = 1", "UPDATE " + table + " SET v = CASE id WHEN 1 THEN 'a' END",
        "INSERT INTO " + table + " VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET v = NULL"}) {
    EXPECT_TRUE(FailsWith(Client().Run(sql), "SQL_EXECUTION_ERROR", violation)) << sql;
  }
  EXPECT_EQ(commits(), before) << "the store was not written to";
  EXPECT_EQ(Client().Run("SELECT string_agg(id || v, ' ' ORDER BY id) FROM " + table).cell(), "1x 2y");
}

// US15 T486 test_select_star_column_order
TEST_F(ConcurrentWrites, SelectStarColumnOrder) {
  const std::string table = OwnNamespace() + ".t";
  ASSERT_TRUE(Ok(Client().Run("CREATE TABLE " + table + " (id BIGINT PRIMARY KEY, name TEXT, email TEXT, created_at "
                              "TIMESTAMP); INSERT INTO " + table + " (email, id) VALUES ('e', 1)")));
  const std::vector<std::string> order = {"id", "name", "email", "created_at", "_updated", "_deleted"};
  EXPECT_EQ(Client().Run("SELECT * FROM " + table).columns(), order);
  EXPECT_EQ(Client().Run("UPDATE " + table + " SET name = 'n' RETURNING *").columns(), order);
  EXPECT_EQ(Client().Run("DELETE FROM " + table + " RETURNING *").columns(), order);
}

// One client's view of its own partition, next to others who do the same: a std::map says what each answer must
// be.
class Modelled {
 public:
  Modelled(std::string table, unsigned seed) : table_(std::move(table)), random_(seed) {}

  void Step(SqlClient& client) {
    const auto before = rows_;
    if (random_() % 4 != 0) {
      const std::string sql = Write();
      Check(client.Run(sql), sql);
      return;
    }
    // A transaction of some writes and a read; a duplicate key or a ROLLBACK undoes all of it.
    std::string sql = "BEGIN";
    std::vector<std::optional<std::int64_t>> counts;
    bool failed = false;
    for (unsigned i = 0; i < 1 + random_() % 4 && !failed; ++i) {
      sql += "; " + Write();
      failed = !expected_;
      counts.push_back(expected_);
    }
    const auto inside = Text();
    const bool rollback = random_() % 3 == 0;
    sql += "; " + Read() + (rollback ? "; ROLLBACK" : "; COMMIT");
    const SqlAnswer answer = client.Run(sql);
    if (failed || rollback) rows_ = before;
    if (failed) {
      EXPECT_TRUE(FailsWith(answer, "SQL_EXECUTION_ERROR", "duplicate key")) << sql;
      return;
    }
    ASSERT_TRUE(Ok(answer));
    for (std::size_t i = 0; i < counts.size(); ++i) EXPECT_EQ(answer.row_count(1 + i), *counts[i]) << sql;
    EXPECT_EQ(Rows(answer, 1 + counts.size()), inside) << sql;
  }

  void CheckAll(SqlClient& client) const {
    const SqlAnswer answer = client.Run(Read());
    ASSERT_TRUE(Ok(answer));
    EXPECT_EQ(Rows(answer, 0), Text());
  }

 private:
  std::string Read() const { return "SELECT id, n FROM " + table_ + " ORDER BY id"; }
  std::string Text() const {
    std::string text;
    for (const auto& [id, n] : rows_) text += std::to_string(id) + "=" + std::to_string(n) + " ";
    return text;
  }
  static std::string Rows(const SqlAnswer& answer, std::size_t result) {
    std::string text;
    for (const auto& row : answer.rows(result)) text += row[0] + "=" + row[1] + " ";
    return text;
  }
  int Any(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  // A statement, applied to the model; `expected_` is its count, or nothing for a duplicate key.
  std::string Write() {
    const int id = Any(12), other = Any(12), n = Any(100);
    const std::string key = std::to_string(id), value = std::to_string(n);
    switch (Any(7)) {
      case 0:
      case 1:
        expected_ = rows_.emplace(id, n).second ? std::optional<std::int64_t>(1) : std::nullopt;
        return "INSERT INTO " + table_ + " (id, n) VALUES (" + key + ", " + value + ")";
      case 2: {  // by key, or in the general path
        const bool general = Any(2) == 0;
        expected_ = static_cast<std::int64_t>(rows_.count(id));
        if (*expected_ > 0) rows_[id] = general ? rows_[id] + n : n;
        return "UPDATE " + table_ + " SET n = " + (general ? "n + " : "") + value + " WHERE id = " + key;
      }
      case 3: {
        expected_ = 0;
        for (auto& [at, amount] : rows_) {
          if (at < id) continue;
          amount += n;
          ++*expected_;
        }
        return "UPDATE " + table_ + " SET n = n + " + value + " WHERE id >= " + key;
      }
      case 4:
        expected_ = static_cast<std::int64_t>(rows_.erase(id));
        return "DELETE FROM " + table_ + " WHERE id = " + key;
      case 5:
        expected_ = 1;
        if (!rows_.emplace(id, n).second) rows_[id] += n;
        return "INSERT INTO " + table_ + " AS t (id, n) VALUES (" + key + ", " + value +
               ") ON CONFLICT (id) DO UPDATE SET n = t.n + excluded.n";
      default: {
        const std::string sql = "UPDATE " + table_ + " SET id = " + std::to_string(other) + " WHERE id = " + key;
        const auto from = rows_.find(id);
        expected_ = from == rows_.end() ? 0 : 1;
        if (from == rows_.end() || id == other) return sql;
        if (rows_.contains(other)) {
          expected_.reset();
          return sql;
        }
        rows_[other] = from->second;
        rows_.erase(id);
        return sql;
      }
    }
  }

  void Check(const SqlAnswer& answer, const std::string& sql) const {
    if (!expected_) {
      EXPECT_TRUE(FailsWith(answer, "SQL_EXECUTION_ERROR", "duplicate key value violates primary key \"id\"")) << sql;
      return;
    }
    EXPECT_TRUE(Ok(answer));
    EXPECT_EQ(answer.row_count(), *expected_) << sql;
  }

  const std::string table_;
  std::mt19937 random_;
  std::map<int, std::int64_t> rows_;
  std::optional<std::int64_t> expected_;
};

TEST_F(ConcurrentWrites, EveryPartitionIsWhatItsModelSays) {
  const unsigned seed = Seed();
  SCOPED_TRACE("seed=" + std::to_string(seed));
  const std::string table = OwnNamespace() + ".t";
  ASSERT_TRUE(Ok(Client().Run("CREATE USER TABLE " + table + " (id BIGINT PRIMARY KEY, n BIGINT)")));
  InParallel(6, [&](SqlClient& client, int number) {
    client.set_user("user-" + std::to_string(number));
    Modelled model(table, seed + static_cast<unsigned>(number));
    for (int i = 0; i < 150 && !HasFailure(); ++i) {
      model.Step(client);
      if (i % 10 == 9) model.CheckAll(client);
    }
  });
}

// US9 T290 test_batch_sql_sequential_execution
TEST_F(ConcurrentWrites, BatchSqlSequentialExecution) {
  const std::string table = OwnNamespace() + ".t";
  const SqlAnswer answer = Client().Run("CREATE TABLE " + table + " (id BIGINT PRIMARY KEY, v TEXT); INSERT INTO " +
                                        table + " VALUES (1, 'x'); SELECT v FROM " + table);
  ASSERT_TRUE(Ok(answer));
  ASSERT_EQ(answer.results().size(), 3u);
  EXPECT_EQ(answer.message(0), "Table created successfully");
  EXPECT_EQ(answer.message(1), "1 row inserted.");
  EXPECT_EQ(answer.rows(2)[0][0], "x");
}

// US9 T291 test_batch_sql_partial_failure_commits_previous
// US9 T256a test_batch_sql_error_indicates_statement_number
TEST_F(ConcurrentWrites, BatchSqlPartialFailureCommitsPrevious) {
  const std::string table = OwnNamespace() + ".t";
  ASSERT_TRUE(Ok(Client().Run("CREATE TABLE " + table + " (id BIGINT PRIMARY KEY)")));
  const SqlAnswer answer = Client().Run("INSERT INTO " + table + " VALUES (1); INSERT INTO " + table +
                                        " VALUES (2); SELECT nope FROM " + table);
  EXPECT_EQ(answer.http.status, 400);
  EXPECT_EQ(answer.error(), "Statement 3 failed: ERROR: column 'nope' does not exist");
  EXPECT_EQ(answer.results().size(), 2u);
  EXPECT_EQ(Client().Run("SELECT count(*) FROM " + table).cell(), "2");
}

// US9 T256b test_batch_sql_explicit_transaction
// US9 T554 test_api_response_uses_took_ms
TEST_F(ConcurrentWrites, BatchSqlExplicitTransaction) {
  const std::string table = OwnNamespace() + ".t";
  ASSERT_TRUE(Ok(Client().Run("CREATE TABLE " + table + " (id BIGINT PRIMARY KEY)")));
  const SqlAnswer answer = Client().Run("BEGIN; INSERT INTO " + table + " VALUES (1); INSERT INTO " + table +
                                        " VALUES (2); COMMIT; SELECT count(*) AS n FROM " + table);
  ASSERT_TRUE(Ok(answer));
  ASSERT_EQ(answer.results().size(), 5u) << "BEGIN and COMMIT have entries of their own";
  EXPECT_EQ(answer.rows(4)[0][0], "2");
  EXPECT_TRUE(answer.json["took_ms"].is_number());
  EXPECT_FALSE(answer.json["execution_time_ms"].exists());
}

TEST_F(ConcurrentWrites, ReturningHasRowsCountAndMessage) {
  const std::string table = OwnNamespace() + ".t";
  ASSERT_TRUE(Ok(Client().Run("CREATE TABLE " + table + " (id BIGINT PRIMARY KEY, v TEXT)")));
  const SqlAnswer answer =
      Client().Run("INSERT INTO " + table + " VALUES ($1, $2), ($3, 'b') RETURNING v || $4 AS v",
                   R"([1, "a", 2, "!"])");
  ASSERT_TRUE(Ok(answer));
  EXPECT_EQ(answer.row_count(), 2);
  EXPECT_EQ(answer.message(), "2 rows inserted.");
  EXPECT_EQ(answer.columns(), std::vector<std::string>{"v"});
  EXPECT_EQ(answer.rows()[1][0], "b!");
  EXPECT_TRUE(FailsWith(Client().Run("DELETE FROM " + table + " WHERE id = $1 RETURNING v", "[1, 2]"),
                        "PARAM_COUNT_MISMATCH", "parameter mismatch"));
  const SqlAnswer upsert = Client().Run("INSERT INTO " + table + " AS t VALUES ($1, 'x') ON CONFLICT (id) DO UPDATE "
                                        "SET v = t.v || excluded.v || $2 WHERE t.id < $3 RETURNING v",
                                        R"([1, "y", 5])");
  ASSERT_TRUE(Ok(upsert));
  EXPECT_EQ(upsert.cell(), "axy");
  EXPECT_EQ(upsert.message(), "1 row updated.");
}

TEST_F(ConcurrentWrites, ATransactionIsBoundedInBytes) {
  const std::string table = OwnNamespace() + ".t";
  ASSERT_TRUE(Ok(Client().Run("CREATE TABLE " + table + " (id BIGINT PRIMARY KEY, v TEXT)")));
  std::string sql = "BEGIN";
  for (int i = 0; i < 12; ++i) {
    sql += "; INSERT INTO " + table + " SELECT i, repeat('x', 1000) FROM range(" + std::to_string(i * 10000) + ", " +
           std::to_string((i + 1) * 10000) + ") t(i)";
  }
  EXPECT_TRUE(FailsWith(Client().Run(sql + "; COMMIT"), "LIMIT_EXCEEDED", "limits.transaction_memory"));
  EXPECT_EQ(Client().Run("SELECT count(*) FROM " + table).cell(), "0");
}

using TransactionServer = OwnServerTest;

TEST_F(TransactionServer, ATransactionIsBoundedInTime) {
  ServerProcess& server = Make({.config = "[limits]\ntransaction_timeout_seconds = 1\n"});
  server.Start();
  SqlClient client(server.port());
  ASSERT_TRUE(Ok(client.Run("CREATE NAMESPACE a; CREATE TABLE a.t (id BIGINT PRIMARY KEY)")));
  const std::string endless =
      "SELECT count(*) FROM range(10000000) a(i), range(10000000) b(i) WHERE hash(a.i + b.i) = 1";
  EXPECT_TRUE(FailsWith(client.Run("BEGIN; INSERT INTO a.t VALUES (1); " + endless + "; COMMIT"), "STATEMENT_TIMEOUT",
                        "Statement 3 failed: ERROR: transaction took longer than limits.transaction_timeout_seconds"));
  EXPECT_EQ(client.Run("SELECT count(*) FROM a.t").cell(), "0");
}

}  // namespace
}  // namespace kalam::test
