// Whichever way a statement runs, it answers and leaves the same: over the fast path, from a plan,
// with constants.

#include "duck/cancellation.h"
#include "exec/executor.h"
#include "kv/store.h"

#include <filesystem>
#include <random>
#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

namespace kalam::exec {
namespace {

class StillClock final : public Clock {
 public:
  TimestampMicros NowMicros() const override { return 1'760'956'200'123'456; }
};

// These statements flush nothing.
class NoFlusher final : public jobs::TableFlusher {
 public:
  Result<jobs::FlushOutcome> Flush(TableId, jobs::JobContext&) override {
    return Error(ErrorCode::kUnsupported, "not in this test");
  }
};

// All parts under one executor, in a folder of its own.
class Parts {
 public:
  explicit Parts(const std::string& folder) {
    kv::Options store_options;
    store_options.path = folder;
    store_ = kv::Store::Open(store_options).value();
    committer_ =
        table::Committer::Open(*store_, clock_, {.mode = table::SyncMode::kInterval}).value();
    catalog_ =
        catalog::Catalog::Open(*store_, *committer_, clock_, {.localhost_default_user = "system"})
            .value();
    requests_ = table::RequestLog::Open(*store_, *committer_, clock_, {}).value();
    reader_ = std::make_unique<table::Reader>(*store_);
    writer_ = std::make_unique<table::Writer>(*store_, *committer_);
    streams_ = std::make_unique<table::StreamStore>(*committer_, clock_, table::StreamOptions{});
    system_tables_ = std::make_unique<query::SystemTables>(*catalog_, stats_);
    hub_ = std::make_unique<live::Hub>(*store_, *committer_, *streams_, clock_, live::HubOptions{});
    sessions_ = std::make_unique<SessionCache>(SessionCache::Options{}, clock_);
    job_store_ = std::make_unique<jobs::JobStore>(*store_, *committer_);
    runner_ = std::make_unique<jobs::JobRunner>(*job_store_, clock_, jobs::JobRunnerOptions{.threads = 1});
    flush_ = std::make_unique<jobs::FlushService>(jobs::FlushServiceParts{.clock = clock_,
                                                                          .store = *store_,
                                                                          .catalog = *catalog_,
                                                                          .committer = *committer_,
                                                                          .reader = *reader_,
                                                                          .counters = counters_,
                                                                          .job_store = *job_store_,
                                                                          .runner = *runner_,
                                                                          .flusher = flusher_});
    duck::EngineOptions engine;
    engine.texts.unknown_relation = [](std::string_view name) {
      return sql::RelationDoesNotExist(sql::ErrorStyle::kPostgres, name);
    };
    engine.texts.unknown_column = [](std::string_view name) {
      return sql::ColumnDoesNotExist(sql::ErrorStyle::kPostgres, name);
    };
    engine.texts.syntax_error = [](std::string_view token, std::string_view) {
      return sql::SyntaxErrorNear(sql::ErrorStyle::kPostgres, token, 1);
    };
    engine_ = duck::Engine::Open(std::move(engine)).value();
  }

  std::unique_ptr<Executor> MakeExecutor(bool fast_path, bool plans) {
    ExecutorOptions options;
    options.use_fast_path = fast_path;
    options.use_plans = plans;
    return std::make_unique<Executor>(
        Services{clock_, *catalog_, *engine_, *committer_, *reader_, *writer_, *streams_,
                 *requests_, *system_tables_, *hub_, *sessions_, *runner_, *flush_},
        options);
  }

  // The results without what may differ, or `error` and the code.
  std::string Run(const Executor& executor, const std::string& sql,
                  std::vector<Datum> params = {}) {
    wire::SqlRequest request;
    request.sql = sql;
    request.params = std::move(params);
    std::string body;
    wire::SqlResponseWriter response(body, {});
    duck::Cancellation cancellation;
    const auth::Identity who{UserId::FromTrusted("system"), auth::Role::kSystem};
    const Outcome outcome = executor.Run(request, who, cancellation, response);
    EXPECT_TRUE(committer_->WaitDurable(outcome.durable_after).ok());
    if (outcome.failure) return "error";
    static const std::regex hit(",\"cache_hit\":(true|false)");
    return std::regex_replace(std::string(response.results()), hit, "");
  }

 private:
  StillClock clock_;
  Stats stats_;
  std::unique_ptr<kv::Store> store_;
  std::unique_ptr<table::Committer> committer_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<table::RequestLog> requests_;
  std::unique_ptr<table::Reader> reader_;
  std::unique_ptr<table::Writer> writer_;
  std::unique_ptr<table::StreamStore> streams_;
  std::unique_ptr<query::SystemTables> system_tables_;
  std::unique_ptr<SessionCache> sessions_;
  table::ChangeCounters counters_;
  NoFlusher flusher_;
  std::unique_ptr<jobs::JobStore> job_store_;
  std::unique_ptr<jobs::FlushService> flush_;
  std::unique_ptr<jobs::JobRunner> runner_;
  std::unique_ptr<duck::Engine> engine_;
  std::unique_ptr<live::Hub> hub_;  // not started: nobody listens
};

// Statements over `(k BIGINT or TEXT, a INT, b TEXT, c DOUBLE, d TIMESTAMP, e BOOLEAN)`.
class Statements {
 public:
  Statements(unsigned seed, bool text_key) : random_(seed), text_key_(text_key) {}

  struct Statement {
    std::string sql;  // `?t` stands for the table
    std::vector<Value> params;
  };

  Statement Next() {
    statement_ = {};
    with_params_ = Chance(2);
    switch (Pick(10)) {
      case 0:
      case 1:
      case 2:
        Insert();
        break;
      case 3:
        Update();
        break;
      case 4:
        Delete();
        break;
      default:
        Select();
    }
    return std::move(statement_);
  }

 private:
  std::size_t Pick(std::size_t n) { return random_() % n; }
  bool Chance(std::size_t n) { return Pick(n) == 0; }
  std::string Number(int n) {
    return std::to_string(static_cast<int>(Pick(static_cast<std::size_t>(n))));
  }

  // A literal, or a parameter of the same value.
  std::string Given(const std::string& literal, const Datum& datum) {
    if (!with_params_ || Chance(3)) return literal;
    statement_.params.emplace_back(datum);
    return "$" + std::to_string(statement_.params.size());
  }
  std::string Integer(int n) {
    const std::string digits = Number(n);
    return Given(digits, Datum::Int(std::stoll(digits)));
  }
  std::string Text(const std::string& text) { return Given("'" + text + "'", Datum::Text(text)); }
  std::string Key() { return text_key_ ? Text("k" + Number(20)) : Integer(20); }

  std::string ValueFor(char column) {
    if (Chance(12)) return "NULL";
    switch (column) {
      case 'k':
        return Key();
      case 'a':
        if (Chance(30)) return "now()";  // no number
        return Chance(15) ? Given("3000000000", Datum::Int(3'000'000'000)) : Integer(8);
      case 'b':
        if (Chance(10)) return "CURRENT_USER()";
        return Chance(8) ? Given("'it''s'", Datum::Text("it's")) : Text("b" + Number(5));
      case 'c':
        return Chance(2) ? Integer(5) : Given("2.5", Datum::Double(2.5));
      case 'd':
        if (Chance(3)) return Chance(2) ? "NOW()" : "current_timestamp";
        return Text("2025-10-2" + Number(9) + "T10:30:00Z");
      default:
        return Chance(2) ? "true" : "false";
    }
  }

  void Insert() {
    const bool listed = Chance(2);
    statement_.sql = std::string("INSERT INTO ?t ") + (listed ? "(k, b, a) " : "") + "VALUES ";
    for (std::size_t row = 0, rows = 1 + Pick(3); row < rows; ++row) {
      statement_.sql += row ? ", (" : "(";
      bool first = true;
      for (const char column : std::string(listed ? "kba" : "kabcde")) {
        statement_.sql += (first ? "" : ", ") + (Chance(20) ? "DEFAULT" : ValueFor(column));
        first = false;
      }
      statement_.sql += ")";
    }
  }

  void Update() {
    statement_.sql =
        "UPDATE ?t SET a = " + ValueFor('a') + (Chance(2) ? ", b = " + ValueFor('b') : "");
    if (Chance(4)) statement_.sql += ", d = " + ValueFor('d');
    if (Chance(4)) statement_.sql += ", c = c + " + Integer(3);
    statement_.sql += " WHERE " + (Chance(2) ? "k = " + Key() : Condition());
  }

  void Delete() {
    statement_.sql = "DELETE FROM ?t WHERE " + (Chance(2) ? "k = " + Key() : "a = " + Integer(40));
  }

  std::string Condition() {
    static const char* const ops[] = {"=", "<", "<=", ">", ">=", "<>"};
    const std::string op = std::string(" ") + ops[Pick(6)] + " ";
    switch (Pick(9)) {
      case 0:
        return "a" + op + Integer(8);
      case 1:
        return "b" + op + Text("b" + Number(5));
      case 2:
        return "c" + op + (Chance(2) ? Integer(5) : Given("2.5", Datum::Double(2.5)));
      case 3:
        return "d" + op + Text("2025-10-2" + Number(9) + "T10:30:00Z");
      case 4:
        return "a" + op + Given("2.5", Datum::Double(2.5));
      case 5:
        return "a BETWEEN " + Integer(4) + " AND " + Integer(8);
      case 6:
        return "k IN (" + Key() + ", " + Key() + ")";
      case 7:
        return "k" + op + Key() + " AND (a" + op + Integer(8) + " OR b IS NULL)";
      default:
        return "upper(b) = " + Text("B" + Number(5));
    }
  }

  void Select() {
    static const char* const lists[] = {"*", "k, b", "a, k, _updated", "k, _deleted, c", "d, e, k"};
    if (Chance(4)) {
      statement_.sql = "SELECT b, count(*) AS n, sum(a) AS s FROM ?t WHERE " + Condition() +
                       " GROUP BY b ORDER BY b";
      return;
    }
    statement_.sql = std::string("SELECT ") + lists[Pick(5)] + " FROM ?t";
    static const char* const ops[] = {"=", "<", "<=", ">", ">="};
    if (Chance(2)) {
      statement_.sql += std::string(" WHERE k ") + ops[Pick(5)] + " " + Key();
    } else if (Chance(2)) {
      statement_.sql += " WHERE " + Condition();
    }
    statement_.sql += std::string(" ORDER BY k") + (Chance(2) ? " DESC" : "");
    if (Chance(2)) statement_.sql += " LIMIT " + Integer(6);
  }

  std::mt19937 random_;
  const bool text_key_;
  bool with_params_ = false;
  Statement statement_;
};

std::string On(std::string sql, const std::string& table) {
  const auto at = sql.find("?t");
  return sql.replace(at, 2, table);
}

TEST(SameAnswer, OverTheFastPathFromAPlanAndWithConstants) {
  std::string folder = "/tmp/kalam_same_answer_XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  {
    Parts parts(folder);
    const auto fast = parts.MakeExecutor(true, true);
    const auto planned = parts.MakeExecutor(false, true);
    const auto constants = parts.MakeExecutor(false, false);
    ASSERT_NE(parts.Run(*fast, "CREATE NAMESPACE app"), "error");
    const unsigned first_seed = std::random_device{}();
    for (unsigned round = 0; round < 6; ++round) {
      const unsigned seed = first_seed + round;
      const bool text_key = round % 2 == 1;
      SCOPED_TRACE("seed " + std::to_string(seed));
      const std::string names[] = {"app.f" + std::to_string(round), "app.p" + std::to_string(round),
                                   "app.c" + std::to_string(round)};
      for (const auto& name : names) {
        ASSERT_NE(
            parts.Run(
                *fast,
                "CREATE USER TABLE " + name + " (k " + (text_key ? "TEXT" : "BIGINT") +
                    " PRIMARY KEY, a INT, b TEXT NOT NULL DEFAULT 'none', c DOUBLE, d TIMESTAMP, "
                    "e BOOLEAN)"),
            "error");
      }
      Statements statements(seed, text_key);
      for (int i = 0; i < 120; ++i) {
        const auto statement = statements.Next();
        std::vector<Datum> params;
        for (const Value& value : statement.params) params.push_back(value.view());
        const std::string by_fast = parts.Run(*fast, On(statement.sql, names[0]), params);
        const std::string by_plan = parts.Run(*planned, On(statement.sql, names[1]), params);
        const std::string by_constants = parts.Run(*constants, On(statement.sql, names[2]), params);
        ASSERT_EQ(by_fast, by_constants) << statement.sql;
        ASSERT_EQ(by_plan, by_constants) << statement.sql;
      }
      const std::string all = "SELECT * FROM ?t ORDER BY k";
      const std::string left = parts.Run(*constants, On(all, names[2]));
      EXPECT_EQ(parts.Run(*constants, On(all, names[0])), left);
      EXPECT_EQ(parts.Run(*constants, On(all, names[1])), left);
    }
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace kalam::exec
