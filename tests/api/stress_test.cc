// The server under load: memory, processors, connections, latency. Seconds each, so that they run every time; at the
// size that the figures are meant for by
//
//   KALAM_STRESS_SECONDS=300 build/release/tests/api_suite --gtest_filter=Stress.*
//
// and bench/live/soak for ten minutes of everything at once.
//
// US12 T219 test_stress_and_memory

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>

#include "live_client.h"
#include "stress_load.h"
#include "support/server_test.h"

namespace kalam::test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

double StressSeconds() {
  const char* given = std::getenv("KALAM_STRESS_SECONDS");
  return given ? std::strtod(given, nullptr) : 1.5;
}

milliseconds Span(double share = 1) { return milliseconds(static_cast<int>(StressSeconds() * share * 1000)); }

// So many percent more than the baseline. In a few seconds caches and buffers are still filling, by some megabytes.
std::uint64_t AtMost(std::uint64_t baseline, unsigned percent, bool is_long) {
  return baseline + baseline * percent / 100 + (is_long ? 0 : 48'000'000);
}

double Megabytes(std::uint64_t bytes) { return static_cast<double>(bytes) / 1e6; }

class Stress : public OwnServerTest {
 protected:
  // Buffers and caches that are full soon, so that memory which still grows then is memory that leaks.
  ServerProcess& StartServer(std::map<std::string, std::string> env = {}) {
    env.insert({{"KALAMDB_STORAGE_ROCKSDB_WRITE_BUFFER_SIZE", "1048576"},
                {"KALAMDB_STORAGE_ROCKSDB_BLOCK_CACHE_SIZE", "8388608"},
                {"KALAMDB_STORAGE_LOG_MAX_BYTES", "33554432"},
                {"KALAMDB_LOG_LEVEL", "warn"}});
    server_ = &Make({.env = std::move(env)});
    server_->Start();
    StressLoad::MakeTable(server_->port());
    return *server_;
  }

  // Starts a load, lets it run, stops it: all its listeners have what a SELECT gives, nobody was cut off.
  void RunLoad(StressLoad& load, milliseconds time) {
    load.Start();
    load.RunFor(time);
    load.Stop();
    ExpectNoFailures(load);
  }
  static void ExpectNoFailures(StressLoad& load) {
    for (const std::string& failure : load.failures()) ADD_FAILURE() << failure;
  }
  void WarmUp(StressOptions options = {}) {
    options.seed = 77;
    StressLoad load(server_->port(), options);
    RunLoad(load, std::max(Span(0.1), milliseconds(1'000)));
  }

  std::int64_t Stat(const std::string& name) {
    return std::strtoll(
        SqlClient(server_->port()).Run("SELECT value FROM system.stats WHERE name = '" + name + "'").cell().c_str(),
        nullptr, 10);
  }
  // Where memory is, as far as the server knows.
  std::string MemoryStats() {
    return SqlClient(server_->port())
        .Run("SELECT string_agg(name || '=' || value, ' ' ORDER BY name) FROM system.stats "
             "WHERE ends_with(name, '_bytes') OR ends_with(name, '_entries')")
        .cell();
  }
  // Waits until it has the value; connections that were closed are noticed a moment later.
  testing::AssertionResult Becomes(const std::string& name, std::int64_t value, seconds within = seconds(20)) {
    const auto deadline = Clock::now() + within;
    std::int64_t now = Stat(name);
    while (now != value && Clock::now() < deadline) {
      std::this_thread::sleep_for(milliseconds(20));
      now = Stat(name);
    }
    if (now == value) return testing::AssertionSuccess();
    return testing::AssertionFailure() << name << " is " << now << ", not " << value;
  }

  // Waits until the server uses at most so much memory; the allocator gives back what is free over some seconds, and
  // only while something runs.
  testing::AssertionResult MemoryReturnsTo(std::uint64_t bytes, seconds within = seconds(60)) {
    const auto deadline = Clock::now() + within;
    SqlClient sql(server_->port());
    std::uint64_t now = server_->ResidentBytes();
    while (now > bytes && Clock::now() < deadline) {
      sql.Run("SELECT count(*) FROM system.tables");
      std::this_thread::sleep_for(milliseconds(100));
      now = server_->ResidentBytes();
    }
    last_bytes_ = now;
    if (now <= bytes) return testing::AssertionSuccess();
    return testing::AssertionFailure() << Megabytes(now) << " MB in use, not at most " << Megabytes(bytes);
  }

  // Memory in use with nothing to do, once it has not fallen for a while. The server gives freed memory back every
  // 30 seconds: less than that is a guess.
  std::uint64_t SettledBytes(seconds within, milliseconds still_for = seconds(2)) {
    const auto deadline = Clock::now() + within;
    std::uint64_t least = server_->ResidentBytes();
    for (auto fell = Clock::now(); Clock::now() < fell + still_for && Clock::now() < deadline;) {
      SqlClient(server_->port()).Run("SELECT count(*) FROM system.tables");
      std::this_thread::sleep_for(milliseconds(100));
      const std::uint64_t now = server_->ResidentBytes();
      if (now < least - least / 500) fell = Clock::now();
      least = std::min(least, now);
    }
    return least;
  }

  // Repeats a load until memory after it has had no new height for three times: whatever is made once and kept (plans,
  // sessions, threads, caches and files up to their bounds) is there then. Memory that leaks never gets there. Returns
  // the height.
  std::uint64_t WarmUpUntilSteady(StressOptions options, seconds round) {
    constexpr unsigned kMostRounds = 20;
    std::uint64_t height = 0;
    unsigned without_a_new_one = 0;
    for (unsigned number = 0; number < kMostRounds; ++number) {
      options.seed = 1000 + number;
      StressLoad load(server_->port(), options);
      RunLoad(load, round);
      const std::uint64_t now = SettledBytes(seconds(90), kReturnPeriod);
      std::printf("warming up, %u: %.1f MB; %s\n", number + 1, Megabytes(now), MemoryStats().c_str());
      std::fflush(stdout);
      without_a_new_one = now <= height + height / 400 ? without_a_new_one + 1 : 0;
      height = std::max(height, now);
      if (HasFailure() || without_a_new_one == 3) return height;
    }
    ADD_FAILURE() << "memory went on growing";
    return height;
  }
  static constexpr seconds kReturnPeriod{32};

  // Nothing is left of a load: no connection, no subscription, no running job, no complaint in the log.
  void ExpectQuiet() {
    EXPECT_TRUE(Becomes("live_connections", 0));
    EXPECT_TRUE(Becomes("live_subscriptions", 0));
    const std::string log = server_->Output();
    EXPECT_EQ(log.find("ERROR"), std::string::npos) << server_->OutputTail();
  }

  ServerProcess* server_ = nullptr;
  std::uint64_t last_bytes_ = 0;
};

// US12 T220 test_memory_stability_under_write_load
TEST_F(Stress, MemoryIsStableUnderWriteLoad) {
  StartServer();
  WarmUp({.listeners = 0});
  const std::uint64_t baseline = server_->ResidentBytes();
  StressLoad load(server_->port(), {.listeners = 0});
  load.Start();
  std::uint64_t most = 0;
  for (int sample = 0; sample < 10; ++sample) {
    load.RunFor(Span(0.1));
    most = std::max(most, server_->ResidentBytes());
  }
  load.Stop();
  ExpectNoFailures(load);
  std::printf("write load: %llu statements, %.1f MB before, at most %.1f MB\n",
              static_cast<unsigned long long>(load.statements()), Megabytes(baseline), Megabytes(most));
  EXPECT_LE(most, AtMost(baseline, 10, StressSeconds() >= 60));
}

// US12 T221 test_concurrent_writers_and_listeners
TEST_F(Stress, WritersAndListenersTogether) {
  StartServer();
  StressLoad load(server_->port(), {.writers = 10, .listeners = 20, .visitors = 2});
  RunLoad(load, Span());
  std::printf("10 writers, 20 listeners: %llu statements, %llu changes, %llu visits\n",
              static_cast<unsigned long long>(load.statements()), static_cast<unsigned long long>(load.changes()),
              static_cast<unsigned long long>(load.visits()));
  EXPECT_GT(load.changes(), load.statements() / 2) << "the listeners heard of it";
  ExpectQuiet();
}

// US12 T222 test_cpu_usage_under_load
TEST_F(Stress, AThousandInsertsASecondLeaveProcessorsFree) {
  StartServer();
  StressLoad load(server_->port(), {.listeners = 0, .readers = 0, .statements_per_second = 1000});
  load.Start();
  load.RunFor(milliseconds(300));
  const auto begin = Clock::now();
  const auto used = server_->ProcessorTime();
  const std::uint64_t before = load.statements();
  load.RunFor(Span());
  const double wall = std::chrono::duration<double>(Clock::now() - begin).count();
  const double processors = std::chrono::duration<double>(server_->ProcessorTime() - used).count() / wall;
  const double rate = static_cast<double>(load.statements() - before) / wall;
  load.Stop();
  ExpectNoFailures(load);
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  std::printf("%.0f statements/s: %.0f %% of %u processors\n", rate, 100 * processors / cores, cores);
  EXPECT_LT(processors / cores, 0.8);
}

// US12 T223 test_websocket_connection_leak_detection
TEST_F(Stress, ClosedConnectionsLeaveNothing) {
  StartServer();
  std::vector<std::unique_ptr<LiveClient>> clients;
  const auto subscribe = [&](int count) {
    for (int i = 0; i < count; ++i) {
      clients.push_back(std::make_unique<LiveClient>(server_->port(), "writer0"));
      ASSERT_EQ(clients.back()->Subscribe("s", "SELECT * FROM stress.notes")["type"].text(), "subscription_ack");
    }
  };
  subscribe(50);
  EXPECT_EQ(Stat("live_subscriptions"), 50);
  EXPECT_EQ(SqlClient(server_->port()).Run("SELECT count(*) FROM system.live_queries").cell(), "50");
  clients.resize(25);
  EXPECT_TRUE(Becomes("live_subscriptions", 25));
  EXPECT_TRUE(Becomes("live_connections", 25));
  EXPECT_EQ(SqlClient(server_->port()).Run("SELECT count(*) FROM system.live_queries").cell(), "25");
  // The others go on.
  ASSERT_TRUE(Ok(SqlClient(server_->port(), "writer0").Run("INSERT INTO stress.notes VALUES (1, 'lobby', 1, 'x')")));
  for (auto& client : clients) EXPECT_EQ(client->Next("s")["change_type"].text(), "insert");
  clients.clear();
  ExpectQuiet();
  // Again and again costs no memory.
  for (int round = 0; round < 2; ++round) {
    subscribe(50);
    clients.clear();
  }
  ASSERT_TRUE(Becomes("live_connections", 0));
  const std::uint64_t before = server_->ResidentBytes();
  for (int round = 0; round < 6; ++round) {
    subscribe(50);
    clients.clear();
    ASSERT_TRUE(Becomes("live_connections", 0));
  }
  EXPECT_TRUE(MemoryReturnsTo(AtMost(before, 1, true)));
}

// US12 T224 test_memory_release_after_stress
TEST_F(Stress, MemoryReturnsAfterStress) {
  StartServer();
  WarmUp({.visitors = 1});
  const std::uint64_t baseline = SettledBytes(seconds(5));
  StressLoad load(server_->port(), {.readers = 2, .visitors = 2});
  RunLoad(load, Span());
  // And statements that need much at once.
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(Ok(SqlClient(server_->port())
                       .Run("SELECT count(DISTINCT a), max(s) FROM (SELECT i % 99991 AS a, repeat('x', 50) || i AS s "
                            "FROM range(1000000) r(i))")));
  }
  const std::uint64_t loaded = server_->ResidentBytes();
  EXPECT_TRUE(MemoryReturnsTo(AtMost(baseline, 5, StressSeconds() >= 60)));
  std::printf("memory: %.1f MB before, %.1f after the load, then %.1f\n", Megabytes(baseline), Megabytes(loaded),
              Megabytes(last_bytes_));
  ExpectQuiet();
}

// The engine keeps something of each run of a prepared statement.
TEST_F(Stress, AStatementThatRunsOftenKeepsNoMemory) {
  StartServer();
  SqlClient sql(server_->port(), "writer0");
  ASSERT_TRUE(Ok(sql.Run("INSERT INTO stress.notes VALUES (1, 'lobby', 1, 'x'), (2, 'attic', 2, 'y')")));
  const auto run = [&](int times) {
    for (int i = 0; i < times; ++i) {
      const SqlAnswer answer = sql.Run("SELECT room, count(*) FROM stress.notes GROUP BY room ORDER BY room");
      ASSERT_TRUE(Ok(answer));
    }
  };
  run(1'000);
  const std::uint64_t before = server_->ResidentBytes();
  run(8'000);
  const std::uint64_t after = server_->ResidentBytes();
  std::printf("8,000 runs of one statement: %.1f MB before, %.1f after\n", Megabytes(before), Megabytes(after));
  EXPECT_LE(after, before + 10'000'000);
}

// US12 T225 test_query_performance_under_stress
TEST_F(Stress, SelectsStayQuick) {
  StartServer();
  StressLoad load(server_->port(), {.readers = 2});
  RunLoad(load, Span());
  std::printf("%zu SELECTs beside %llu writes: p50 %.2f ms, p95 %.2f ms\n", load.selects(),
              static_cast<unsigned long long>(load.statements()), load.SelectQuantile(0.5), load.SelectQuantile(0.95));
  EXPECT_GT(load.selects(), 20u);
  EXPECT_LT(load.SelectQuantile(0.95), 500);
}

// US12 T226 test_flush_operations_during_stress
TEST_F(Stress, FlushesKeepUp) {
  StartServer();
  SqlClient admin(server_->port());
  StressLoad load(server_->port(), {.readers = 1});
  load.Start();
  int flushes = 0;
  const auto end = Clock::now() + Span();
  do {
    load.RunFor(milliseconds(300));
    EXPECT_TRUE(Ok(admin.Run("FLUSH TABLE stress.notes")));
    ++flushes;
  } while (Clock::now() < end);
  load.Stop();
  ExpectNoFailures(load);
  // No job is left over or failed, and one more flush leaves nothing in the buffer.
  ASSERT_TRUE(Ok(admin.Run("FLUSH TABLE stress.notes")));
  const auto unfinished = [&] {
    return admin.Run("SELECT count(*) FROM system.jobs WHERE status IN ('pending', 'running')").cell();
  };
  const auto deadline = Clock::now() + seconds(60);
  while (unfinished() != "0" && Clock::now() < deadline) std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(unfinished(), "0");
  EXPECT_EQ(admin.Run("SELECT count(*) FROM system.jobs WHERE status = 'failed'").cell(), "0");
  EXPECT_GT(Stat("flushes_total"), 0);
  std::printf("%d flushes asked for during %llu statements, %lld made\n", flushes,
              static_cast<unsigned long long>(load.statements()), static_cast<long long>(Stat("flushes_total")));
  ExpectQuiet();
}

// US12 T227 test_actor_system_stability: our actors are the workers, the dispatcher and feeders of live queries, the
// flush scheduler. None overflows (a full queue would end a subscription or answer 503) and none is stuck afterwards.
TEST_F(Stress, NoQueueOverflowsAndNobodyIsStuck) {
  StartServer();
  StressLoad load(server_->port(), {.writers = 20, .listeners = 40, .readers = 4, .visitors = 2});
  RunLoad(load, Span());
  ExpectQuiet();
  // Every part still works: loops, workers, dispatcher, jobs.
  SqlClient sql(server_->port(), "writer0");
  EXPECT_TRUE(Ok(sql.Run("SELECT count(*) FROM stress.notes")));
  LiveClient live(server_->port(), "writer0");
  ASSERT_EQ(live.Subscribe("s", "SELECT * FROM stress.notes")["type"].text(), "subscription_ack");
  ASSERT_TRUE(Ok(sql.Run("INSERT INTO stress.notes VALUES (100001, 'lobby', 1, 'x')")));
  EXPECT_EQ(live.Next("s")["change_type"].text(), "insert");
  EXPECT_EQ(Stat("sync_rounds_total") > 0, true);
}

// US12 T228 test_graceful_degradation
TEST_F(Stress, MoreLoadMakesItSlowerNotWrong) {
  StartServer();
  const std::string heavy =
      "SELECT count(DISTINCT a) FROM (SELECT (i * 7919) % 99991 AS a FROM range(300000) r(i))";
  for (const int clients : {4, 32, 128}) {
    std::atomic<int> answered{0}, refused{0}, wrong{0};
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < clients; ++i) {
      threads.emplace_back([&] {
        SqlClient sql(server_->port());
        while (!stop) {
          const SqlAnswer answer = sql.Run(heavy);
          const bool is_refusal = answer.http.status == 503 || answer.code() == "LIMIT_EXCEEDED" ||
                                  answer.code() == "TIMEOUT" || answer.code() == "UNAVAILABLE";
          ++(answer.ok() && answer.cell() == "99991" ? answered : is_refusal ? refused : wrong);
        }
      });
    }
    std::this_thread::sleep_for(Span(0.4));
    // Health is answered meanwhile: supervisors must not take a busy server for a dead one.
    HttpClient health(server_->port());
    EXPECT_EQ(health.Get("/health").status, 200);
    stop = true;
    for (auto& thread : threads) thread.join();
    std::printf("%d clients: %d answered, %d refused\n", clients, answered.load(), refused.load());
    EXPECT_GT(answered, 0);
    EXPECT_EQ(wrong, 0);
  }
  const auto begin = Clock::now();
  EXPECT_EQ(SqlClient(server_->port()).Run("SELECT 1").cell(), "1");
  EXPECT_LT(Clock::now() - begin, seconds(5)) << "nothing is left of the load";
  ExpectQuiet();
}

// Ten minutes of everything (bench/live/soak), some seconds here: writers, listeners, readers, connections that come
// and go, flushes and merges by themselves; afterwards memory is what it was. At full length the load first goes on
// until memory is steady, with a change log and a block cache that reach their bounds within that time.
TEST_F(Stress, Soak) {
  const char* given = std::getenv("KALAM_SOAK_SECONDS");
  const double soak_seconds = given ? std::strtod(given, nullptr) : 3;
  const bool full = soak_seconds >= 60;
  const StressOptions options{
      .writers = 10, .listeners = 20, .readers = 2, .visitors = 2, .statements_per_second = 1000};
  std::uint64_t before = 0;
  if (full) {
    // Huge pages aside: the kernel fills them again where the allocator has given back a part, when it likes.
    StartServer({{"KALAMDB_STORAGE_ROCKSDB_BLOCK_CACHE_SIZE", "4194304"},
                 {"KALAMDB_STORAGE_SEGMENT_ROWS_CACHE_SIZE", "4194304"},
                 {"KALAMDB_STORAGE_LOG_MAX_BYTES", "2097152"},
                 {"KALAMDB_COMPACTION_KEEP_FILES_SECONDS", "5"},
                 {"MALLOC_CONF", "thp:never,metadata_thp:disabled"}});
    before = WarmUpUntilSteady(options, seconds(60));
  } else {
    StartServer();
    StressLoad load(server_->port(), options);
    RunLoad(load, milliseconds(static_cast<int>(soak_seconds * 250)));
    before = SettledBytes(seconds(5));
  }
  ExpectQuiet();
  ASSERT_FALSE(HasFailure());
  StressLoad load(server_->port(), options);
  load.Start();
  std::uint64_t most = 0;
  for (int sample = 0; sample < 20; ++sample) {
    load.RunFor(milliseconds(static_cast<int>(soak_seconds * 50)));
    most = std::max(most, server_->ResidentBytes());
    if (full) std::printf("%3.0f s: %.1f MB\n", soak_seconds * (sample + 1) / 20, Megabytes(server_->ResidentBytes()));
    std::fflush(stdout);
  }
  load.Stop();
  ExpectNoFailures(load);
  ExpectQuiet();
  const std::uint64_t after = full ? SettledBytes(seconds(90), kReturnPeriod) : SettledBytes(seconds(5));
  std::printf(
      "soak of %.0f s: %llu statements, %llu changes to 20 listeners, %llu visits, %zu SELECTs with p50 %.2f ms and "
      "p95 %.2f ms; memory %.1f MB before, at most %.1f, %.1f after (%+.2f %%)\n",
      soak_seconds, static_cast<unsigned long long>(load.statements()), static_cast<unsigned long long>(load.changes()),
      static_cast<unsigned long long>(load.visits()), load.selects(), load.SelectQuantile(0.5),
      load.SelectQuantile(0.95), Megabytes(before), Megabytes(most), Megabytes(after),
      100 * (Megabytes(after) / Megabytes(before) - 1));
  if (full) std::printf("%s\n", MemoryStats().c_str());
  EXPECT_LE(after, AtMost(before, 1, full));
  EXPECT_LT(load.SelectQuantile(0.95), full ? 50 : 500);
}

}  // namespace
}  // namespace kalam::test
