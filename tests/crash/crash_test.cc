// kill -9 at random moments while writers run. Afterwards everything that was acknowledged is there, and
// nothing is half done: statements of several rows and transactions over several tables are there whole or not
// at all.
//
// KALAM_CRASH_CYCLES sets the number of kills.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <random>
#include <thread>

#include "support/server_test.h"

namespace kalam::test {
namespace {

constexpr int kWriters = 4;
constexpr int kRowsPerStatement = 5;

// What one writer knows. It owns the rows of its user, so nobody else changes them.
struct Writer {
  std::string user;
  std::map<int, int> acknowledged;       // group -> version of its rows; -1: deleted
  std::map<int, std::pair<int, int>> in_doubt;  // group -> (before, attempted): no answer came
  int next_group = 0;
  std::mt19937 random;

  static constexpr int kAbsent = -2;

  // One statement over all rows of a group: insert, update or delete.
  void WriteOnce(SqlClient& client) {
    const bool fresh = acknowledged.empty() || random() % 2 == 0;
    int group = next_group;
    int before = kAbsent, after = 0;
    std::string sql;
    if (fresh) {
      ++next_group;
      sql = "INSERT INTO app.t (id, grp, version) VALUES ";
      for (int i = 0; i < kRowsPerStatement; ++i) {
        sql += (i ? ", (" : "(") + std::to_string(group * 10 + i) + ", " + std::to_string(group) + ", 0)";
      }
    } else {
      auto at = acknowledged.begin();
      std::advance(at, static_cast<std::ptrdiff_t>(random() % acknowledged.size()));
      if (at->second < 0) return;
      group = at->first;
      before = at->second;
      const bool remove = random() % 4 == 0;
      after = remove ? -1 : before + 1;
      sql = remove ? "DELETE FROM app.t WHERE grp = " + std::to_string(group)
                   : "UPDATE app.t SET version = version + 1 WHERE grp = " + std::to_string(group);
    }
    in_doubt[group] = {before, after};
    const SqlAnswer answer = client.Run(sql);
    if (!answer.ok()) return;  // refused while stopping: stays in doubt
    in_doubt.erase(group);
    acknowledged[group] = after;
  }

  // Compares with the server and takes over how the doubtful ones ended.
  void Verify(SqlClient& client) {
    const SqlAnswer answer =
        client.Run("SELECT grp, min(version), max(version), count(*) FROM app.t GROUP BY grp");
    ASSERT_TRUE(Ok(answer));
    std::map<int, int> found;
    for (const auto& row : answer.rows()) {
      EXPECT_EQ(row[1], row[2]) << "a group half updated: " << row[0];
      EXPECT_EQ(row[3], std::to_string(kRowsPerStatement)) << "a group half there: " << row[0];
      found[std::stoi(row[0])] = std::stoi(row[1]);
    }
    const auto state = [&](int group) {
      const auto at = found.find(group);
      return at == found.end() ? kAbsent : at->second;
    };
    for (const auto& [group, change] : in_doubt) {
      const int now = state(group);
      const int after = change.second < 0 ? kAbsent : change.second;
      EXPECT_TRUE(now == change.first || now == after) << user << " group " << group << " is " << now;
      if (now == kAbsent) {
        if (change.first == kAbsent) {
          acknowledged.erase(group);
        } else {
          acknowledged[group] = -1;
        }
      } else {
        acknowledged[group] = now;
      }
    }
    in_doubt.clear();
    for (const auto& [group, version] : acknowledged) {
      EXPECT_EQ(state(group), version < 0 ? kAbsent : version) << user << " lost group " << group;
    }
    for (const auto& [group, version] : found) {
      EXPECT_TRUE(acknowledged.contains(group)) << user << " has a group nobody wrote: " << group;
    }
  }
};

class Crash : public OwnServerTest, public testing::WithParamInterface<const char*> {
 protected:
  // With the tables that `sql` makes.
  void StartWith(std::string_view sql) {
    server_ = &Make({.env = {{"KALAMDB_STORAGE_SYNC", GetParam()}}});
    server_->Start();
    ASSERT_TRUE(Ok(SqlClient(server_->port()).Run(sql)));
  }

  SqlClient ClientOf(int writer) { return SqlClient(server_->port(), "writer-" + std::to_string(writer)); }

  // Every writer takes steps, `step(writer, client)`, until it says false or the server is gone, which is killed
  // after 20 to `most` steps of all together. Then the server is there again.
  template <typename Step>
  void WriteUntilKilled(int most, Step step) {
    std::atomic<int> steps = 0;
    std::vector<std::thread> threads;
    for (int writer = 0; writer < kWriters; ++writer) {
      threads.emplace_back([&, writer] {
        try {
          SqlClient client = ClientOf(writer);
          while (step(writer, client)) ++steps;
        } catch (const std::runtime_error&) {
          // The server is gone; the last step is in doubt.
        }
      });
    }
    const int until = 20 + static_cast<int>(random_() % static_cast<unsigned>(most - 20));
    while (steps < until) std::this_thread::yield();
    server_->Kill();
    for (auto& thread : threads) thread.join();
    server_->Start();
  }

  const unsigned seed_ = std::random_device{}();
  const testing::ScopedTrace trace_{__FILE__, __LINE__, "seed=" + std::to_string(seed_)};
  std::mt19937 random_{seed_};

 private:
  ServerProcess* server_ = nullptr;
};

TEST_P(Crash, KeepsWhatWasAcknowledgedAndNothingHalf) {
  const char* cycles_text = std::getenv("KALAM_CRASH_CYCLES");
  const int cycles = cycles_text ? std::atoi(cycles_text) : 8;
  StartWith("CREATE NAMESPACE app; CREATE USER TABLE app.t (id BIGINT PRIMARY KEY, grp INT, version INT)");
  std::vector<Writer> writers(kWriters);
  for (int w = 0; w < kWriters; ++w) {
    writers[w].user = "writer-" + std::to_string(w);
    writers[w].random.seed(random_());
  }
  for (int cycle = 0; cycle < cycles && !HasFailure(); ++cycle) {
    WriteUntilKilled(420, [&](int w, SqlClient& client) {
      writers[w].WriteOnce(client);
      return true;
    });
    for (int w = 0; w < kWriters; ++w) {
      SqlClient client = ClientOf(w);
      writers[w].Verify(client);
    }
  }
}

// Amounts move between two tables while the server is killed: the sum never changes, and each acknowledged move is
// there.
TEST_P(Crash, ATransactionIsWholeOrAbsent) {
  constexpr int kCycles = 5;
  StartWith(
      "CREATE NAMESPACE app; CREATE TABLE app.a (id BIGINT PRIMARY KEY, n BIGINT); "
      "CREATE USER TABLE app.moves (id BIGINT PRIMARY KEY, n BIGINT); "
      "INSERT INTO app.a VALUES (0, 0), (1, 0), (2, 0), (3, 0)");
  std::array<int, kWriters> acknowledged{};  // moves, by writer
  for (int cycle = 0; cycle < kCycles && !HasFailure(); ++cycle) {
    WriteUntilKilled(220, [&](int w, SqlClient& client) {
      // The shared account and the writer's own record of it, in one transaction.
      const SqlAnswer answer = client.Run("BEGIN; INSERT INTO app.moves VALUES (" + std::to_string(acknowledged[w]) +
                                          ", 1); UPDATE app.a SET n = n + 1 WHERE id = " + std::to_string(w) +
                                          "; COMMIT");
      if (answer.ok()) ++acknowledged[w];
      return answer.ok();
    });
    for (int w = 0; w < kWriters; ++w) {
      const SqlAnswer answer = ClientOf(w).Run(
          "SELECT (SELECT count(*) FROM app.moves) AS moves, n FROM app.a WHERE id = " + std::to_string(w));
      ASSERT_TRUE(Ok(answer));
      const int recorded = std::stoi(answer.rows()[0][0]);
      EXPECT_EQ(recorded, std::stoi(answer.rows()[0][1])) << "half a transaction";
      EXPECT_GE(recorded, acknowledged[w]) << "an acknowledged transaction is gone";
      EXPECT_LE(recorded, acknowledged[w] + 1);
      acknowledged[w] = recorded;
    }
  }
}

// Counters that are incremented with a request_id, and asked for again after each kill, are never doubled.
TEST_P(Crash, ARetriedRequestHappensOnce) {
  constexpr int kCycles = 5;
  StartWith(
      "CREATE NAMESPACE app; CREATE TABLE app.a (id BIGINT PRIMARY KEY, n BIGINT); "
      "INSERT INTO app.a VALUES (0, 0), (1, 0), (2, 0), (3, 0)");
  // The request with this number: its answer is the number after it, however often it is sent.
  const auto increment = [](SqlClient& client, int writer, int number) {
    const std::string name = std::to_string(writer);
    const SqlAnswer answer =
        client.Send(R"({"sql":"UPDATE app.a SET n = n + 1 WHERE id = )" + name + R"( RETURNING n","request_id":")" +
                    name + "-" + std::to_string(number) + R"("})");
    if (!answer.ok()) return false;
    EXPECT_EQ(answer.cell(), std::to_string(number + 1));
    return true;
  };
  std::array<int, kWriters> next{};
  for (int cycle = 0; cycle < kCycles && !HasFailure(); ++cycle) {
    WriteUntilKilled(220, [&](int w, SqlClient& client) {
      const bool done = increment(client, w, next[w]);
      next[w] += done ? 1 : 0;
      return done;
    });
    for (int w = 0; w < kWriters; ++w) {
      SqlClient client = ClientOf(w);
      EXPECT_TRUE(next[w] == 0 || increment(client, w, next[w] - 1)) << "the last acknowledged";
      EXPECT_TRUE(increment(client, w, next[w]));
      ++next[w];
      const SqlAnswer n = client.Run("SELECT n FROM app.a WHERE id = " + std::to_string(w));
      EXPECT_EQ(n.cell(), std::to_string(next[w]));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sync, Crash, testing::Values("commit", "interval"));

}  // namespace
}  // namespace kalam::test
