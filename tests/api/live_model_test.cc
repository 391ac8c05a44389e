// Live queries against a model: writers write at random, subscribers connect, stop reading, drop and resume, the
// server is killed, its log is trimmed. Each subscriber keeps its result set from what it is sent alone; every change
// must fit what it has, and at every quiet point it must have what a fresh SELECT gives.
//
//   KALAM_LIVE_MODEL_ROUNDS=200 KALAM_LIVE_MODEL_SEED=7 build/release/tests/api_suite --gtest_filter=LiveModel.*

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "live_client.h"
#include "support/server_test.h"

namespace kalam::test {
namespace {

using Rows = std::map<std::string, std::string>;  // id -> the row as JSON
using std::chrono::milliseconds;
using Random = std::mt19937;

constexpr const char* kTable = "model.notes";
constexpr const char* kUsers[] = {"maya", "noah"};

unsigned FromEnvironment(const char* name, unsigned otherwise) {
  const char* text = std::getenv(name);
  return text ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : otherwise;
}

struct Query {
  const char* select;
  const char* where;
};
constexpr Query kQueries[] = {{"*", "true"},
                              {"id, n", "room = 'lobby'"},
                              {"id, body", "room IN ('lobby', 'attic') AND n > 50"},
                              {"id, n, length(body) AS size", "n % 3 = 0"},
                              {"*", "room = 'cellar' AND n = 7"},
                              {"id, n + 1 AS m", "n BETWEEN 20 AND 60 OR body IS NULL"},
                              {"*", "_deleted = true"},
                              {"id, n, _deleted", "room = 'attic' OR _deleted"}};

// What goes on: shared by all threads.
struct World {
  std::atomic<std::uint16_t> port{0};  // 0: the server is down
  std::atomic<bool> quiet{false};      // writers pause
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> statements{0};
  std::atomic<std::uint64_t> changes{0};
  std::atomic<std::uint64_t> resumes{0}, resyncs{0}, slow{0};

  std::mutex mutex;
  std::vector<std::string> failures;
  void Fail(const std::string& what) {
    std::lock_guard lock(mutex);
    failures.push_back(what);
    stop = true;
  }
};

class Writer {
 public:
  Writer(World& world, const char* user, unsigned seed) : world_(world), user_(user), random_(seed) {}

  void Run() {
    std::unique_ptr<SqlClient> sql;
    std::uint16_t port = 0;
    while (!world_.stop) {
      if (world_.quiet || world_.port == 0) {
        idle_ = true;
        std::this_thread::sleep_for(milliseconds(1));
        continue;
      }
      idle_ = false;
      if (world_.quiet) continue;
      try {
        if (port != world_.port || !sql) {
          port = world_.port;
          sql = std::make_unique<SqlClient>(port, user_);
        }
        const SqlAnswer answer = sql->Run(Statement());
        ++world_.statements;
        // Duplicate keys and lost races are part of the game.
        if (answer.http.status >= 500) world_.Fail("the server failed: " + answer.http.body);
      } catch (const std::runtime_error&) {
        sql.reset();  // killed in between
      }
    }
  }
  bool idle() const { return idle_; }

 private:
  int Pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  std::string Id() { return std::to_string(Pick(300)); }
  std::string Value() {
    static constexpr const char* kRooms[] = {"'lobby'", "'attic'", "'cellar'", "NULL"};
    const std::string body = Pick(5) == 0 ? "NULL" : "'" + std::string(static_cast<std::size_t>(Pick(200)), 'x') + "'";
    return "(" + Id() + ", " + kRooms[Pick(4)] + ", " + body + ", " + std::to_string(Pick(100)) + ")";
  }
  std::string Insert() {
    const char* conflict[] = {"", " ON CONFLICT DO NOTHING",
                              " ON CONFLICT (id) DO UPDATE SET n = excluded.n, room = excluded.room"};
    return std::string("INSERT INTO ") + kTable + " VALUES " + Value() + conflict[Pick(3)];
  }
  std::string Statement() {
    const std::string table = kTable;
    switch (Pick(10)) {
      case 0: {
        std::string values = Value();
        for (int i = Pick(40); i > 0; --i) values += ", " + Value();
        return "INSERT INTO " + table + " VALUES " + values + " ON CONFLICT DO NOTHING";
      }
      case 1: return "DELETE FROM " + table + " WHERE id = " + Id();
      case 2: return "DELETE FROM " + table + " WHERE n = " + std::to_string(Pick(100));
      case 3: return "UPDATE " + table + " SET n = n + 1 WHERE id < " + Id();
      case 4: return "UPDATE " + table + " SET room = 'lobby' WHERE id = " + Id();
      case 5: return "UPDATE " + table + " SET id = " + Id() + " WHERE id = " + Id();
      case 6: return "BEGIN; " + Insert() + "; UPDATE " + table + " SET n = 7 WHERE id = " + Id() + "; COMMIT";
      default: return Insert();
    }
  }

  World& world_;
  const char* const user_;
  Random random_;
  std::atomic<bool> idle_{false};
};

class Subscriber {
 public:
  Subscriber(World& world, const char* user, const Query& query, unsigned seed)
      : world_(world), user_(user), query_(query), random_(seed) {}

  const char* user() const { return user_; }
  std::string sql() const {
    return std::string("SELECT ") + query_.select + " FROM " + kTable + " WHERE " + query_.where;
  }
  Rows rows() {
    std::lock_guard lock(mutex_);
    return rows_;
  }
  bool complete() const { return complete_; }

  void Run() {
    while (!world_.stop) {
      const std::uint16_t port = world_.port;
      if (port == 0) {
        std::this_thread::sleep_for(milliseconds(1));
        continue;
      }
      try {
        LiveClient client(port, user_, {.receive_buffer_bytes = 16 << 10});
        const bool resumes = complete_ && Pick(8) != 0;
        if (resumes) ++world_.resumes;
        const std::string options = resumes ? "{\"from_seq\":" + seq_ + "}" : "{\"snapshot\":true}";
        client.SendSubscribe("s", sql(), options);
        Follow(client, resumes, port);
      } catch (const std::runtime_error&) {
        // The server is gone, or this connection: again.
      }
    }
  }

 private:
  int Pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  void Follow(LiveClient& client, bool resumed, std::uint16_t port) {
    bool acknowledged = false;
    bool collecting = !resumed;
    Rows collected;
    while (!world_.stop && world_.port == port) {
      if (!world_.quiet && Pick(400) == 0) {
        if (Pick(2) == 0) return client.socket().Reset();
        // A reader that hangs for a while.
        client.socket().StopReading();
        std::this_thread::sleep_for(milliseconds(Pick(300)));
        client.socket().ResumeReading();
      }
      const auto event = client.socket().TryNext(milliseconds(20));
      if (!event) continue;
      if (event->kind != WebSocketEvent::Kind::kText) return;
      const auto parsed = Json::Parse(event->payload);
      if (!parsed) return world_.Fail("not JSON: " + event->payload);
      const Json& message = *parsed;
      const std::string& type = message["type"].text();
      if (!acknowledged) {
        if (type != "subscription_ack") return world_.Fail("no ack: " + event->payload);
        if (resumed && message["seq"].text() != seq_) return world_.Fail("ack of another seq: " + event->payload);
        acknowledged = true;
      } else if (type == "resync") {
        ++world_.resyncs;
        collecting = true;
        collected.clear();
        complete_ = false;
      } else if (type == "initial_data") {
        if (!collecting) return world_.Fail("initial rows nobody asked for");
        for (const Json& row : message["rows"].items()) {
          if (!collected.emplace(row["id"].text(), row.Dump()).second) return world_.Fail("twice: " + row.Dump());
        }
        if (message["more"].text() == "true") continue;
        std::lock_guard lock(mutex_);
        rows_.swap(collected);
        seq_ = message["seq"].text();
        collecting = false;
        complete_ = true;
      } else if (type == "change") {
        if (collecting) return world_.Fail("a change before the initial rows");
        if (!Apply(message)) return;
      } else if (type == "error" && message["code"].text() == "SLOW_CONSUMER") {
        ++world_.slow;
        if (complete_ && !collecting && message["seq"].text() != seq_) {
          return world_.Fail("SLOW_CONSUMER at " + message["seq"].text() + ", but " + seq_ + " was the last: " + sql());
        }
        return;
      } else {
        return world_.Fail("unexpected: " + event->payload);
      }
    }
  }

  bool Apply(const Json& change) {
    std::lock_guard lock(mutex_);
    ++world_.changes;
    const auto wrong = [&](const std::string& why) {
      world_.Fail(why + ": " + change.Dump() + " for " + sql());
      return false;
    };
    const std::string& seq = change["seq"].text();
    if (*change["seq"].integer() <= std::strtoll(seq_.c_str(), nullptr, 10)) return wrong("not above " + seq_);
    seq_ = seq;
    const std::string& kind = change["change_type"].text();
    const Json& row = change["rows"][0];
    const std::string& id = row["id"].text();
    const auto have = rows_.find(id);
    if (kind == "insert") {
      if (have != rows_.end()) return wrong("an insert of a row that is there");
      rows_.emplace(id, row.Dump());
      return true;
    }
    if (have == rows_.end()) return wrong("a change of a row that is not there");
    if (have->second != change["old_values"][0].Dump()) return wrong("old values unlike " + have->second);
    if (kind == "update") {
      have->second = row.Dump();
    } else {
      rows_.erase(have);
    }
    return true;
  }

  World& world_;
  const char* const user_;
  const Query query_;
  Random random_;
  std::mutex mutex_;
  Rows rows_;              // guarded by mutex_
  std::string seq_ = "0";  // the thread's own
  std::atomic<bool> complete_{false};
};

class LiveModel : public OwnServerTest {};

TEST_F(LiveModel, EveryResultSetIsThatOfAFreshSelect) {
  const unsigned seed = FromEnvironment("KALAM_LIVE_MODEL_SEED", std::random_device{}());
  const unsigned rounds = FromEnvironment("KALAM_LIVE_MODEL_ROUNDS", 6);
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);

  ServerOptions options;
  options.env = {{"KALAMDB_LIMITS_MAX_CONNECTION_QUEUE_BYTES", "65536"},
                 {"KALAMDB_STORAGE_LOG_MAX_BYTES", "1048576"},
                 {"KALAMDB_STORAGE_ROCKSDB_WRITE_BUFFER_SIZE", "1048576"}};
  ServerProcess& server = Make(options);
  server.Start();
  ASSERT_TRUE(Ok(SqlClient(server.port())
                     .Run(std::string("CREATE NAMESPACE model; CREATE USER TABLE ") + kTable +
                          " (id BIGINT PRIMARY KEY, room TEXT, body TEXT, n INT)")));

  World world;
  std::vector<std::unique_ptr<Writer>> writers;
  std::vector<std::unique_ptr<Subscriber>> subscribers;
  for (const char* user : kUsers) {
    for (int i = 0; i < 2; ++i) writers.push_back(std::make_unique<Writer>(world, user, random()));
    for (const Query& query : kQueries) {
      subscribers.push_back(std::make_unique<Subscriber>(world, user, query, random()));
    }
  }
  // Ends them also when the test fails in between.
  struct Threads {
    ~Threads() { End(); }
    void End() {
      world.stop = true;
      for (auto& thread : all) thread.join();
      all.clear();
    }
    World& world;
    std::vector<std::thread> all{};
  } threads{world};
  for (auto& writer : writers) threads.all.emplace_back([w = writer.get()] { w->Run(); });
  for (auto& subscriber : subscribers) threads.all.emplace_back([s = subscriber.get()] { s->Run(); });

  for (unsigned round = 0; round < rounds && !world.stop; ++round) {
    world.port = server.port();
    world.quiet = false;
    std::this_thread::sleep_for(milliseconds(700));
    if (round % 3 == 1) {
      world.port = 0;
      server.Kill();
      server.Start();
      world.port = server.port();
      std::this_thread::sleep_for(milliseconds(200));
    }
    world.quiet = true;
    for (auto& writer : writers) {
      while (!writer->idle() && !world.stop) std::this_thread::yield();
    }
    for (auto& subscriber : subscribers) {
      SqlClient sql(server.port(), subscriber->user());
      const SqlAnswer answer = sql.Run(subscriber->sql());
      ASSERT_TRUE(Ok(answer));
      Rows expected;
      for (const Json& row : answer.result()["rows"].items()) expected.emplace(row["id"].text(), row.Dump());
      const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
      while (!world.stop && !(subscriber->complete() && subscriber->rows() == expected)) {
        if (std::chrono::steady_clock::now() > until) {
          world.Fail("never became the result of " + subscriber->sql() + " for " + subscriber->user());
          EXPECT_EQ(subscriber->rows(), expected);
        }
        std::this_thread::sleep_for(milliseconds(2));
      }
    }
  }
  threads.End();
  for (const auto& failure : world.failures) ADD_FAILURE() << failure;
  std::printf("live model: seed %u, %u rounds, %llu statements, %llu changes, %llu resumes, %llu resyncs, %llu slow\n",
              seed, rounds, static_cast<unsigned long long>(world.statements),
              static_cast<unsigned long long>(world.changes), static_cast<unsigned long long>(world.resumes),
              static_cast<unsigned long long>(world.resyncs), static_cast<unsigned long long>(world.slow));
}

}  // namespace
}  // namespace kalam::test
