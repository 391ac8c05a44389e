#include "stress_load.h"

#include <algorithm>
#include <random>
#include <stdexcept>

#include "live_client.h"
#include "support/sql_client.h"

namespace kalam::test {
namespace {

using Clock = std::chrono::steady_clock;
using Rows = std::map<std::string, std::string>;  // id -> the row as JSON
using std::chrono::milliseconds;

constexpr const char* kTable = "stress.notes";
constexpr int kKeys = 300;  // of each user
constexpr milliseconds kVisitPause{50};

std::string UserOf(int number) { return "writer" + std::to_string(number); }

// Whether a chance of one in `n` came.
bool OneIn(std::mt19937& random, unsigned n) { return random() % n == 0; }

std::string Statement(std::mt19937& random) {
  static constexpr const char* kRooms[] = {"'lobby'", "'attic'", "'cellar'"};
  const auto id = [&] { return std::to_string(random() % kKeys); };
  const auto values = [&] {
    return "(" + id() + ", " + kRooms[random() % 3] + ", " + std::to_string(random() % 1000) + ", '" +
           std::string(20 + random() % 150, 'x') + "')";
  };
  const std::string table = kTable;
  switch (random() % 10) {
    case 0: return "DELETE FROM " + table + " WHERE id = " + id();
    case 1: return "UPDATE " + table + " SET n = n + 1, room = 'lobby' WHERE id = " + id();
    case 2:
      return "INSERT INTO " + table + " VALUES " + values() + ", " + values() + ", " + values() +
             " ON CONFLICT DO NOTHING";
    default:
      return "INSERT INTO " + table + " VALUES " + values() +
             " ON CONFLICT (id) DO UPDATE SET n = excluded.n, room = excluded.room, body = excluded.body";
  }
}

}  // namespace

class StressLoad::Listener {
 public:
  Listener(StressLoad& load, int number)
      : load_(load),
        user_(UserOf(number % load.options_.writers)),
        sql_(std::string("SELECT ") + (number % 2 == 0 ? "*" : "id, n") + " FROM " + kTable +
             (number % 2 == 0 ? "" : " WHERE room = 'lobby' AND n < 700")) {}

  const std::string& user() const { return user_; }
  const std::string& sql() const { return sql_; }
  bool complete() const { return complete_; }
  Rows rows() {
    std::lock_guard lock(mutex_);
    return rows_;
  }
  void End() { end_ = true; }

  // Until End, over one connection: that it ends is a failure.
  void Run() {
    LiveClient client(load_.port_, user_);
    client.SendSubscribe("s", sql_, R"({"snapshot":true})");
    while (!end_) {
      const auto event = client.socket().TryNext(milliseconds(50));
      if (!event) continue;
      if (event->kind != WebSocketEvent::Kind::kText) {
        return load_.Fail("a listener lost its connection: " + event->payload);
      }
      const auto message = Json::Parse(event->payload);
      if (!message) return load_.Fail("not JSON: " + event->payload);
      Take(*message, event->payload);
    }
    client.socket().SendClose(1000);
  }

 private:
  void Take(const Json& message, const std::string& text) {
    const std::string& type = message["type"].text();
    if (type == "subscription_ack") return;
    std::lock_guard lock(mutex_);
    if (type == "initial_data") {
      for (const Json& row : message["rows"].items()) rows_.emplace(row["id"].text(), row.Dump());
      complete_ = message["more"].text() != "true";
    } else if (type == "change") {
      Apply(message, text);
    } else {
      load_.Fail("unexpected for a listener: " + text);
    }
  }

  void Apply(const Json& change, const std::string& text) {
    ++load_.changes_;
    const std::int64_t seq = change["seq"].integer().value_or(0);
    if (seq <= seq_) load_.Fail("out of order, after " + std::to_string(seq_) + ": " + text);
    seq_ = seq;
    const std::string& kind = change["change_type"].text();
    const Json& row = change["rows"][0];
    const auto have = rows_.find(row["id"].text());
    if ((kind == "insert") != (have == rows_.end())) return load_.Fail("does not fit the rows so far: " + text);
    if (kind == "delete") {
      rows_.erase(have);
    } else {
      rows_[row["id"].text()] = row.Dump();
    }
  }

  StressLoad& load_;
  const std::string user_, sql_;
  std::mutex mutex_;
  Rows rows_;             // guarded by mutex_
  std::int64_t seq_ = 0;  // the thread's own
  std::atomic<bool> complete_{false}, end_{false};
};

StressLoad::StressLoad(std::uint16_t port, StressOptions options) : port_(port), options_(options) {}

StressLoad::~StressLoad() {
  stop_ = true;
  for (auto& listener : listeners_) listener->End();
  for (auto* threads : {&workers_, &listening_}) {
    for (auto& thread : *threads) {
      if (thread.joinable()) thread.join();
    }
  }
}

void StressLoad::MakeTable(std::uint16_t port) {
  const SqlAnswer made = SqlClient(port).Run(
      std::string("CREATE NAMESPACE stress; CREATE USER TABLE ") + kTable +
      " (id BIGINT PRIMARY KEY, room TEXT, n INT, body TEXT)");
  if (!made.ok()) throw std::runtime_error("stress table: " + made.http.body);
}

template <typename Work>
void StressLoad::Launch(std::vector<std::thread>& threads, Work work) {
  threads.emplace_back([this, work] {
    try {
      work();
    } catch (const std::exception& error) {
      Fail(error.what());
    }
  });
}

void StressLoad::Start() {
  for (int i = 0; i < options_.listeners; ++i) {
    listeners_.push_back(std::make_unique<Listener>(*this, i));
    Launch(listening_, [listener = listeners_.back().get()] { listener->Run(); });
  }
  const auto deadline = Clock::now() + std::chrono::seconds(30);
  for (const auto& listener : listeners_) {
    while (!listener->complete() && !failed_) {
      if (Clock::now() > deadline) return Fail("a listener got no first rows");
      std::this_thread::sleep_for(milliseconds(1));
    }
  }
  for (int i = 0; i < options_.writers; ++i) Launch(workers_, [this, i] { Write(i); });
  for (int i = 0; i < options_.readers; ++i) Launch(workers_, [this, i] { Read(i); });
  for (int i = 0; i < options_.visitors; ++i) Launch(workers_, [this, i] { Visit(i); });
}

void StressLoad::RunFor(milliseconds time) {
  const auto end = Clock::now() + time;
  while (!failed_ && Clock::now() < end) {
    std::this_thread::sleep_for(std::min<Clock::duration>(milliseconds(20), end - Clock::now()));
  }
}

void StressLoad::Stop() {
  stop_ = true;
  for (auto& worker : workers_) worker.join();
  workers_.clear();
  for (const auto& listener : listeners_) AwaitResult(*listener);
  for (const auto& listener : listeners_) listener->End();
  for (auto& listening : listening_) listening.join();
  listening_.clear();
  std::sort(latencies_.begin(), latencies_.end());
}

void StressLoad::AwaitResult(Listener& listener) {
  const SqlAnswer answer = SqlClient(port_, listener.user()).Run(listener.sql());
  Rows expected;
  for (const Json& row : answer.result()["rows"].items()) expected.emplace(row["id"].text(), row.Dump());
  const auto deadline = Clock::now() + std::chrono::seconds(30);
  while (!failed_ && listener.rows() != expected) {
    if (Clock::now() > deadline) return Fail("a listener never had the result of " + listener.sql());
    std::this_thread::sleep_for(milliseconds(2));
  }
}

void StressLoad::Write(int number) {
  std::mt19937 random(options_.seed * 1000 + static_cast<unsigned>(number));
  SqlClient sql(port_, UserOf(number));
  auto due = Clock::now();
  while (!stop_) {
    if (options_.statements_per_second > 0) {
      due += std::chrono::duration_cast<Clock::duration>(
          std::chrono::duration<double>(options_.writers / options_.statements_per_second));
      std::this_thread::sleep_until(due);
    }
    const SqlAnswer answer = sql.Run(Statement(random));
    if (!answer.ok()) return Fail("a write failed: " + answer.http.body);
    ++statements_;
  }
}

void StressLoad::Read(int number) {
  const std::string table = kTable;
  const std::string selects[] = {
      "SELECT * FROM " + table + " WHERE id = 7",
      "SELECT id, n FROM " + table + " ORDER BY id DESC LIMIT 50",
      "SELECT room, count(*), avg(n) FROM " + table + " GROUP BY room ORDER BY room",
  };
  SqlClient sql(port_, UserOf(number % options_.writers));
  std::vector<double> mine;
  for (std::size_t i = 0; !stop_; ++i) {
    const auto begin = Clock::now();
    const SqlAnswer answer = sql.Run(selects[i % std::size(selects)]);
    mine.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
    if (!answer.ok()) return Fail("a SELECT failed: " + answer.http.body);
    std::this_thread::sleep_for(milliseconds(5));  // somebody looks now and then
  }
  std::lock_guard lock(mutex_);
  latencies_.insert(latencies_.end(), mine.begin(), mine.end());
}

void StressLoad::Visit(int number) {
  std::mt19937 random(options_.seed * 7919 + static_cast<unsigned>(number));
  while (!stop_) {
    const std::string user = UserOf(static_cast<int>(random() % static_cast<unsigned>(options_.writers)));
    LiveClient client(port_, user);
    client.SendSubscribe("v", std::string("SELECT * FROM ") + kTable, R"({"last_rows":10})");
    const Json first = client.Next("v");
    if (first["type"].text() != "subscription_ack") return Fail("a visitor got " + first.Dump());
    const SqlAnswer answer = SqlClient(port_, user).Run(std::string("SELECT count(*) FROM ") + kTable);
    if (!answer.ok()) return Fail("a visitor's SELECT failed: " + answer.http.body);
    if (OneIn(random, 2)) {
      client.socket().SendClose(1000);
      client.socket().AwaitClose();
    } else {
      client.socket().Reset();
    }
    ++visits_;
    std::this_thread::sleep_for(kVisitPause);
  }
}

double StressLoad::SelectQuantile(double quantile) {
  if (latencies_.empty()) return 0;
  return latencies_[static_cast<std::size_t>(quantile * static_cast<double>(latencies_.size() - 1))];
}

void StressLoad::Fail(const std::string& what) {
  failed_ = true;
  stop_ = true;
  std::lock_guard lock(mutex_);
  if (failures_.size() < 20) failures_.push_back(what);
}

std::vector<std::string> StressLoad::failures() {
  std::lock_guard lock(mutex_);
  return failures_;
}

}  // namespace kalam::test
