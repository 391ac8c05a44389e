// The engine over tables in memory: what is parsed, refused, planned, and read.

#include "duck/engine.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "duckdb_headers.h"
#include "fake_source.h"

namespace kalam::duck {
namespace {

using namespace std::chrono_literals;

EngineOptions WithCapacity(std::size_t plans) {
  EngineOptions options;
  options.plan_cache_size = plans;
  return options;
}

class EngineTest : public testing::Test {
 protected:
  EngineTest() { engine_.table("notes").Add({1, "a", 10}).Add({2, "b", 20}).Add({3, "c", 30}).Add({4, "b", 40}); }

  // How many plans the engine made while `task` ran.
  template <typename Task>
  std::uint64_t PlansOf(Task task) {
    const auto before = engine_.engine().plans_made();
    task();
    return engine_.engine().plans_made() - before;
  }
  std::string Run(std::string_view sql, std::vector<Datum> params = {}) { return engine_.Run(sql, std::move(params)); }
  bool hit() const { return engine_.cache_hit; }

  TestEngine engine_;
};

using Plans = EngineTest;
using Walk = EngineTest;
using Ends = EngineTest;

// --- plans

TEST_F(Plans, AreMadeOnceHoweverOftenTheyRun) {
  const struct {
    std::string_view sql;
    std::vector<Datum> params;
    std::string_view rows;
  } cases[] = {
      {"SELECT body FROM notes WHERE id = $1", {Datum::Int(2)}, "b"},
      {"SELECT id FROM notes WHERE n > $1 AND body <> $2", {Datum::Int(15), Datum::Text("c")}, "2\n4"},
      {"SELECT id FROM notes WHERE id IN ($1, $2) ORDER BY id DESC", {Datum::Int(1), Datum::Int(3)}, "3\n1"},
      {"SELECT id FROM notes WHERE id BETWEEN $1 AND $2", {Datum::Int(2), Datum::Int(3)}, "2\n3"},
      {"SELECT count(*) FROM notes a JOIN notes b ON a.body = b.body WHERE a.id = $1", {Datum::Int(2)}, "2"},
      {"SELECT body, sum(n) FROM notes WHERE n >= $1 GROUP BY body HAVING sum(n) > $2 ORDER BY 1",
       {Datum::Int(20), Datum::Int(30)}, "b|60"},
      {"SELECT n + $1, upper($2) FROM notes WHERE id = 1", {Datum::Int(5), Datum::Text("x")}, "15|X"},
      {"SELECT id FROM notes WHERE lower(body) = $1 AND n / 2 < $2 LIMIT 1", {Datum::Text("b"), Datum::Int(15)}, "2"},
      {"SELECT _seq FROM notes WHERE id = $1", {Datum::Int(3)}, "1003"},
      {"SELECT id FROM notes WHERE body LIKE $1 AND id < $2", {Datum::Text("b%"), Datum::Int(4)}, "2"},
      {"SELECT CURRENT_USER() FROM notes WHERE id = $1", {Datum::Int(1)}, "maya"},
      {"SELECT a.id FROM notes a JOIN notes b ON a.id = b.id WHERE a.id = $1 AND b.id = $1", {Datum::Int(2)}, "2"},
      {"SELECT id, n - $1 FROM notes WHERE id >= $1 AND id < $1 + 2 AND NOW() = NOW()", {Datum::Int(3)}, "3|27\n4|37"},
      {"WITH big AS (SELECT * FROM notes WHERE n > $1) SELECT max(id) FROM big", {Datum::Int(10)}, "4"},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(PlansOf([&] { EXPECT_EQ(Run(test.sql, test.params), test.rows) << test.sql; }), 1u) << test.sql;
    EXPECT_FALSE(hit()) << test.sql;
    const auto more = PlansOf([&] {
      for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(Run(test.sql, test.params), test.rows);
        EXPECT_TRUE(hit()) << test.sql;
      }
    });
    EXPECT_EQ(more, 0u) << test.sql;
  }
}

TEST_F(Plans, NarrowTheScanByTheValuesOfEachRun) {
  const auto& notes = engine_.table("notes");
  for (const std::int64_t id : {1, 3, 2}) {
    Run("SELECT body FROM notes WHERE id = $1", {Datum::Int(id)});
    ASSERT_TRUE(notes.keys().lower && notes.keys().upper);
    EXPECT_EQ(notes.keys().lower->view(), Datum::Int(id));
    EXPECT_EQ(notes.keys().upper->view(), Datum::Int(id));
  }
  for (const std::int64_t id : {5, 9}) {
    Run("SELECT body FROM notes WHERE id > $1 AND id <= $2 AND id >= 2", {Datum::Int(0), Datum::Int(id)});
    EXPECT_EQ(notes.keys().lower->view(), Datum::Int(2));
    EXPECT_EQ(notes.keys().upper->view(), Datum::Int(id));
    Run("SELECT body FROM notes WHERE id IN ($1, 7, $2)", {Datum::Int(id), Datum::Int(1)});
    ASSERT_TRUE(notes.keys().points);
    EXPECT_EQ(notes.keys().points->size(), 3u);
    EXPECT_EQ(notes.keys().points->front().view(), Datum::Int(1));
  }
}

TEST_F(Plans, WhatIsComputedFromParametersNarrowsTheScanToo) {
  const auto& notes = engine_.table("notes");
  const char* sql = "SELECT id FROM notes WHERE id >= $1 - 1 AND id < $1 + length($2)";
  for (const std::int64_t id : {2, 3}) {
    Run(sql, {Datum::Int(id), Datum::Text("ab")});
    ASSERT_TRUE(notes.keys().lower && notes.keys().upper);
    EXPECT_EQ(notes.keys().lower->view(), Datum::Int(id - 1));
    EXPECT_EQ(notes.keys().upper->view(), Datum::Int(id + 2));
  }
  EXPECT_TRUE(hit());
  EXPECT_EQ(Run("SELECT id FROM notes WHERE id IN ($1 + 1, $2::BIGINT)", {Datum::Int(1), Datum::Text("4")}), "2\n4");
  ASSERT_TRUE(notes.keys().points);
  EXPECT_EQ(notes.keys().points->size(), 2u);
  EXPECT_EQ(Run(sql, {Datum::Null(), Datum::Text("ab")}), "");
  // Not what differs from row to row, and not what fails: that is said if a row is compared, and only then.
  Run("SELECT id FROM notes WHERE id < CAST($1 + random() AS BIGINT)", {Datum::Int(3)});
  EXPECT_FALSE(notes.keys().upper);
  const char* too_large = "SELECT id FROM notes WHERE n > $1 AND id < $2 + 9223372036854775807";
  EXPECT_EQ(Run(too_large, {Datum::Int(99), Datum::Int(5)}), "");
  EXPECT_FALSE(notes.keys().upper);
  EXPECT_EQ(Run(too_large, {Datum::Int(9), Datum::Int(5)}).front(), '!');
  EXPECT_EQ(Run(too_large, {Datum::Int(9), Datum::Int(-1)}), "1\n2\n3\n4");
}

TEST_F(Plans, ConstantsNarrowTheScanToo) {
  engine_.keep_plans = false;
  EXPECT_EQ(Run("SELECT body FROM notes WHERE id >= 2 AND id < 4 AND n > 0"), "b\nc");
  EXPECT_EQ(engine_.table("notes").keys().lower->view(), Datum::Int(2));
  EXPECT_EQ(engine_.table("notes").keys().upper->view(), Datum::Int(4));
}

TEST_F(Plans, SayWhatOtherColumnsMustBe) {
  for (const std::int64_t n : {20, 40}) {
    (void)Run("SELECT body FROM notes WHERE n >= $1 AND n < 50 AND body = $2", {Datum::Int(n), Datum::Text("b")});
    const auto& columns = engine_.table("notes").keys().columns;
    ASSERT_EQ(columns.size(), 3u);
    std::string said;
    for (const auto& [column, lower, upper] : columns) {
      const auto text = [](const std::optional<Value>& bound) {
        if (!bound) return std::string("-");
        const Datum view = bound->view();
        return view.kind() == Datum::Kind::kInt ? std::to_string(view.int_value()) : std::string(view.text());
      };
      said += std::to_string(column) + ":" + text(lower) + ".." + text(upper) + " ";
    }
    EXPECT_NE(said.find("2:" + std::to_string(n) + "..-"), std::string::npos) << said;
    EXPECT_NE(said.find("2:-..50"), std::string::npos) << said;
    EXPECT_NE(said.find("1:b..b"), std::string::npos) << said;
  }
  (void)Run("SELECT body FROM notes WHERE n = 20 OR n = 40");
  EXPECT_TRUE(engine_.table("notes").keys().columns.empty());
}

TEST_F(Plans, KnowAboutHowManyRowsThereAre) {
  engine_.table("notes").EstimateRows(123'456);
  EXPECT_NE(Run("EXPLAIN SELECT body FROM notes").find("123,456"), std::string::npos);
}

TEST_F(Plans, NoKeyEqualsNull) {
  EXPECT_EQ(Run("SELECT body FROM notes WHERE id = $1", {Datum::Null()}), "");
  ASSERT_TRUE(engine_.table("notes").keys().points);
  EXPECT_TRUE(engine_.table("notes").keys().points->empty());
  EXPECT_EQ(Run("SELECT body FROM notes WHERE n = $1", {Datum::Null()}), "");
}

TEST_F(Plans, KnowNoUserAndNoTime) {
  const char* sql = "SELECT CURRENT_USER(), epoch(NOW())::BIGINT, CURRENT_DATE FROM notes WHERE id = 1";
  EXPECT_EQ(Run(sql), "maya|1700000000|19675");
  engine_.user = "noah";
  engine_.now += 86'400'000'000;
  EXPECT_EQ(Run(sql), "noah|1700086400|19676");
  EXPECT_TRUE(hit());
}

TEST_F(Plans, AreNoRightsEachRunAsksAnew) {
  const char* sql = "SELECT body FROM notes WHERE id = 1";
  EXPECT_EQ(Run(sql), "a");
  EXPECT_EQ(Run(sql), "a");
  EXPECT_TRUE(hit());
  engine_.Forbid("notes");
  EXPECT_EQ(Run(sql), "!permission denied for 'notes'");
  engine_.Forbid("");
  EXPECT_EQ(Run(sql), "a");
  engine_.Drop("notes");
  EXPECT_EQ(Run(sql), "!relation 'notes' does not exist");
}

TEST_F(Plans, EndWithTheTableTheyWereMadeFor) {
  const char* sql = "SELECT * FROM notes WHERE n >= $1";
  EXPECT_EQ(Run(sql, {Datum::Int(40)}), "4|b|40");
  engine_.table("notes").AddColumn({"extra", DataType::kText});
  EXPECT_EQ(Run(sql, {Datum::Int(40)}), "4|b|40|null");
  EXPECT_FALSE(hit());
  EXPECT_EQ(Run(sql, {Datum::Int(40)}), "4|b|40|null");
  EXPECT_TRUE(hit());
  engine_.Recreate("notes");
  EXPECT_EQ(Run(sql, {Datum::Int(40)}), "");
  EXPECT_FALSE(hit());
}

TEST_F(Plans, AreNotKeptForTablesThatComeAndGo) {
  engine_.table("notes").ForgetStamp();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Run("SELECT body FROM notes WHERE id = $1", {Datum::Int(1)}), "a");
    EXPECT_FALSE(hit());
  }
}

TEST_F(Plans, ValuesThatTheTypeCannotHoldMeanWhatTheyMean) {
  const char* sql = "SELECT id FROM notes WHERE n < $1";
  EXPECT_EQ(Run(sql, {Datum::Int(20)}), "1");
  EXPECT_EQ(Run(sql, {Datum::Double(20.5)}), "1\n2");
  EXPECT_EQ(Run(sql, {Datum::Int(3'000'000'000)}), "1\n2\n3\n4");
  EXPECT_EQ(Run(sql, {Datum::Text("30")}), "1\n2");
  EXPECT_EQ(Run("SELECT id FROM notes WHERE body = $1", {Datum::Int(5)}), "");
}

TEST_F(Plans, AParameterOfAnotherTypeIsRefusedNamingBoth) {
  EXPECT_EQ(Run("SELECT id FROM notes WHERE n = $1", {Datum::Text("abc")}),
            "!parameter $1: cannot convert TEXT 'abc' to INT");
  EXPECT_EQ(engine_.error->code(), ErrorCode::kParameterType);
  EXPECT_EQ(Run("SELECT id FROM notes WHERE id = $1", {Datum::Bool(true)}),
            "!parameter $1: cannot convert BOOLEAN true to BIGINT");
}

TEST_F(Plans, ParametersAreCounted) {
  EXPECT_EQ(Run("SELECT id FROM notes WHERE id = $1"),
            "!parameter mismatch: statement uses $1, request has 0 parameter(s)");
  EXPECT_EQ(engine_.error->code(), ErrorCode::kParameterCount);
  EXPECT_EQ(Run("SELECT id FROM notes WHERE id = $1", {Datum::Int(1), Datum::Int(2)}),
            "!parameter mismatch: statement has 1 parameter(s), request has 2");
  EXPECT_NE(Run("SELECT $2", {Datum::Int(1), Datum::Int(2)}).find("parameter mismatch"), std::string::npos);
}

TEST_F(Plans, OrderAndLimitHaveAPlanPerValue) {
  const char* sql = "SELECT id FROM notes ORDER BY n DESC LIMIT $1";
  EXPECT_EQ(Run(sql, {Datum::Int(2)}), "4\n3");
  EXPECT_EQ(Run(sql, {Datum::Int(1)}), "4");
  EXPECT_FALSE(hit());
  EXPECT_EQ(Run(sql, {Datum::Int(2)}), "4\n3");
  EXPECT_TRUE(hit());
}

TEST_F(Plans, FunctionsThatNeedConstantsGetThem) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Run("SELECT id FROM notes WHERE regexp_matches(body, $1)", {Datum::Text("^[ac]$")}), "1\n3");
    EXPECT_FALSE(hit());
  }
}

TEST_F(Plans, TheLeastRecentlyUsedGoesFirst) {
  TestEngine small(WithCapacity(2));
  small.table("notes").Add({1, "a"});
  small.Run("SELECT 1 FROM notes");
  small.Run("SELECT 2 FROM notes");
  small.Run("SELECT 1 FROM notes");
  EXPECT_TRUE(small.cache_hit);
  small.Run("SELECT 3 FROM notes");
  small.Run("SELECT 1 FROM notes");
  EXPECT_TRUE(small.cache_hit);
  small.Run("SELECT 2 FROM notes");
  EXPECT_FALSE(small.cache_hit);
  EXPECT_EQ(small.engine().plan_cache().stats().evictions, 2u);
  EXPECT_EQ(small.engine().ClearPlans(), 2u);
  small.Run("SELECT 2 FROM notes");
  EXPECT_FALSE(small.cache_hit);
}

TEST_F(Plans, WithoutCapacityNothingIsKept) {
  TestEngine none(WithCapacity(0));
  none.table("notes").Add({1, "a"});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(none.Run("SELECT body FROM notes WHERE id = $1", {Datum::Int(1)}), "a");
    EXPECT_FALSE(none.cache_hit);
  }
}

TEST_F(Plans, AreSharedByThreads) {
  constexpr unsigned kThreads = 4;
  constexpr unsigned kRuns = 200;
  constexpr unsigned kRunsOfOnePlan = 32;
  const auto plans = PlansOf([&] {
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (unsigned i = 0; i < kRuns; ++i) {
          const Datum params[] = {Datum::Int(1 + (t + i) % 3)};
          const char* rows[] = {"a", "b", "c"};
          TextSink sink;
          Cancellation cancellation;
          QueryContext context = engine_.Context(params);
          context.cache_hit = nullptr;
          context.cancellation = &cancellation;
          auto statement = engine_.Parse("SELECT body || '' FROM notes WHERE id = $1");
          ASSERT_TRUE(statement.ok());
          ASSERT_TRUE(engine_.engine().Select(*std::move(statement), context, sink).ok());
          EXPECT_EQ(sink.text, rows[(t + i) % 3]);
        }
      });
    }
    for (auto& thread : threads) thread.join();
  });
  // Each connection prepares for itself; several threads may each have been the first.
  EXPECT_LE(plans, 4 * kThreads + kThreads * kRuns / kRunsOfOnePlan);
}

// --- the walk

TEST_F(Walk, RefusesWhatReachesOutside) {
  for (const char* sql :
       {"SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM glob('*')", "SELECT getvariable('x')",
        "SELECT * FROM query('SELECT 1')", "SELECT current_setting('threads')", "SELECT * FROM kalam_scan(0)",
        "SELECT * FROM duckdb_settings()", "SELECT system.main.read_text('x')",
        "SELECT id FROM notes WHERE id IN (SELECT 1 FROM read_text('/etc/passwd'))"}) {
    for (const bool kept : {true, false}) {
      engine_.keep_plans = kept;
      EXPECT_NE(Run(sql).find("permission denied for function"), std::string::npos) << sql;
      EXPECT_EQ(engine_.error->code(), ErrorCode::kPermissionDenied);
    }
  }
}

TEST_F(Walk, RefusesNamesThatNobodyResolved) {
  for (const char* sql : {"SELECT * FROM 'x.parquet'", "SELECT * FROM duckdb_tables", "SELECT * FROM sqlite_master",
                          "SELECT (SELECT max(x) FROM elsewhere)"}) {
    EXPECT_EQ(Run(sql).front(), '!') << sql;
    EXPECT_EQ(engine_.error->code(), ErrorCode::kNotFound) << sql;
  }
}

TEST_F(Walk, StopsBeforeItsStackDoes) {
  std::string deep = "1";
  for (int i = 0; i < 300; ++i) deep = "abs(" + deep + ")";
  EXPECT_NE(Run("SELECT " + deep).find("limits.max_nesting_depth"), std::string::npos);
}

TEST_F(Walk, CommonTableExpressionsHideTables) {
  EXPECT_EQ(Run("WITH notes AS (SELECT 7 AS x) SELECT x FROM notes"), "7");
  EXPECT_EQ(Run("SELECT count(*) FROM (WITH notes AS (SELECT 7) SELECT * FROM notes), notes"), "4");
}

TEST_F(Walk, ColumnsKeepTheNamesThatWereWritten) {
  Run("SELECT $1, upper(body), CURRENT_USER(), n + 1 FROM notes", {Datum::Int(1)});
  EXPECT_EQ(engine_.names, (std::vector<std::string>{"$1", "upper(body)", "current_user()", "(n + 1)"}));
}

TEST_F(Walk, WordsItsOwnErrors) {
  EXPECT_EQ(Run("SELECT nope FROM notes"), "!column 'nope' does not exist");
  EXPECT_EQ(Run("SELECT FROM WHERE").front(), '!');
  EXPECT_EQ(engine_.error->code(), ErrorCode::kSyntax);
  EXPECT_EQ(Run("SELECT 1 / 0"), "null");
}

// --- rows of INSERT, UPDATE and DELETE

class DmlRows : public EngineTest {
 protected:
  std::string Insert(std::string_view sql, std::vector<DataType> types, std::vector<Datum> params = {}) {
    return Of(sql, params, [&](ParsedStatement statement, const QueryContext& query, RowSink& sink) {
      return engine_.engine().InsertRows(std::move(statement), query, types, sink);
    });
  }
  std::string Update(std::string_view sql, std::vector<DataType> types, std::vector<Datum> params = {},
                     const std::vector<std::string>& columns = {"id", "body", "n"}) {
    return Of(sql, params, [&](ParsedStatement statement, const QueryContext& query, RowSink& sink) {
      return engine_.engine().UpdateRows(std::move(statement), query, columns, types, sink);
    });
  }
  std::string Delete(std::string_view sql, std::vector<Datum> params = {}) {
    const std::vector<std::string> columns = {"id"};
    return Of(sql, params, [&](ParsedStatement statement, const QueryContext& query, RowSink& sink) {
      return engine_.engine().DeleteRows(std::move(statement), query, columns, true, sink);
    });
  }

 private:
  template <typename RowsOf>
  std::string Of(std::string_view sql, std::span<const Datum> params, RowsOf rows_of) {
    auto statement = engine_.Parse(sql);
    if (!statement.ok()) return "!" + statement.error().message();
    TextSink sink;
    const Status status = rows_of(*std::move(statement), engine_.Context(params), sink);
    return status.ok() ? sink.text : "!" + status.error().message();
  }
};

TEST_F(DmlRows, InsertGivesCellsInTheColumnsTypes) {
  const std::vector<DataType> types = {DataType::kBigInt, DataType::kText, DataType::kInt};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Insert("INSERT INTO notes VALUES (7, 'x', DEFAULT), ($1, $2, -1)", types,
                     {Datum::Int(8), Datum::Text("y")}),
              "7|x|DEFAULT\n8|y|-1");
    EXPECT_EQ(hit(), i == 1);
    EXPECT_EQ(Insert("INSERT INTO notes VALUES ($1 + 1, upper('x'), DEFAULT)", types, {Datum::Int(8)}), "9|X|DEFAULT");
    EXPECT_EQ(hit(), i == 1);
    EXPECT_EQ(Insert("INSERT INTO notes SELECT id + 10, body, n FROM notes WHERE id < $1", types, {Datum::Int(3)}),
              "11|a|10\n12|b|20");
    EXPECT_EQ(hit(), i == 1);
  }
  EXPECT_EQ(Insert("INSERT INTO notes VALUES (1, 'x')", types),
            "!ERROR: INSERT has more target columns than expressions");
  EXPECT_EQ(Insert("INSERT INTO notes SELECT 1, 'x', 3, 4", types),
            "!ERROR: INSERT has more expressions than target columns");
}

TEST_F(DmlRows, UpdateGivesTheSeqTheOldAndTheNew) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Update("UPDATE notes SET n = n + $1, body = DEFAULT WHERE body = $2", {DataType::kInt, DataType::kText},
                     {Datum::Int(5), Datum::Text("b")}),
              "1002|2|b|20|25|DEFAULT\n1004|4|b|40|45|DEFAULT");
    EXPECT_EQ(hit(), i == 1);
  }
}

// ALTER TABLE may come between a writer's look at the definition and the engine's: the stamps alone would let the next
// writer have that one's columns.
TEST_F(DmlRows, APlanServesOnlyWhoWantsItsColumns) {
  const char* sql = "UPDATE notes SET n = n + 1 WHERE id = 1";
  EXPECT_EQ(Update(sql, {DataType::kInt}, {}, {"id", "n"}), "1001|1|10|11");
  EXPECT_EQ(Update(sql, {DataType::kInt}), "1001|1|a|10|11");
  EXPECT_FALSE(hit());
  EXPECT_EQ(Update(sql, {DataType::kInt}), "1001|1|a|10|11");
  EXPECT_TRUE(hit());
}

TEST_F(DmlRows, DeleteGivesTheSeqAndTheColumns) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Delete("DELETE FROM notes WHERE n > $1", {Datum::Int(25)}), "1003|3\n1004|4");
    EXPECT_EQ(hit(), i == 1);
  }
}

TEST_F(DmlRows, APlannedStatementStillTellsItsTarget) {
  Delete("DELETE FROM app.notes WHERE n > 25");
  const auto statement = engine_.Parse("DELETE FROM app.notes WHERE n > 25");
  ASSERT_TRUE(statement.ok());
  EXPECT_EQ(statement->kind(), StatementKind::kDelete);
  EXPECT_EQ(statement->target().parts, (std::vector<std::string>{"app", "notes"}));
}

// --- ends

TEST_F(Ends, ALongQueryMeetsItsDeadline) {
  engine_.timeout = 50ms;
  EXPECT_EQ(Run("SELECT count(*) FROM range(1000000) a(x), range(1000000) b(y) WHERE x + y = $1", {Datum::Int(-1)}),
            "!ERROR: statement took longer than limits.statement_timeout_seconds allows");
  EXPECT_EQ(engine_.error->code(), ErrorCode::kTimeout);
  engine_.timeout = 10s;
  EXPECT_EQ(Run("SELECT body FROM notes WHERE id = 1"), "a");
}

TEST_F(Ends, AClientThatWentAwayEndsItsQuery) {
  engine_.cancellation.Cancel();
  Run("SELECT count(*) FROM range(1000000) a(x), range(1000000) b(y) WHERE x + y = -1");
  EXPECT_EQ(engine_.error->code(), ErrorCode::kCancelled);
}

TEST_F(Ends, AFailureOfTheSinkComesBackAsItIs) {
  class Full final : public RowSink {
   public:
    Status OnColumns(std::vector<OutputColumn>) override { return {}; }
    Status OnRow(std::span<const Cell>) override { return Error(ErrorCode::kLimitExceeded, "the answer is full"); }
  } sink;
  for (int i = 0; i < 2; ++i) {
    const Status status = engine_.Select("SELECT id FROM notes", {}, sink);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().message(), "the answer is full");
  }
}

TEST_F(Ends, AnInternalErrorEndsItsStatementAndNoOther) {
  const std::string_view kept = "SELECT body FROM notes WHERE id = $1";
  EXPECT_EQ(Run(kept, {Datum::Int(2)}), "b");
  for (int i = 0; i < 3; ++i) {
    engine_.table("notes").on_open = [] { throw duckdb::InternalException("a defect of the engine"); };
    EXPECT_EQ(Run("SELECT count(*) FROM notes"), "!ERROR: the query engine failed; the server's log has the details");
    engine_.table("notes").on_open = nullptr;
    EXPECT_EQ(Run("SELECT count(*) FROM notes"), "4");
    EXPECT_EQ(Run(kept, {Datum::Int(3)}), "c");
    EXPECT_NE(Run("SELECT * FROM read_csv('/etc/passwd')").find("permission denied"), std::string::npos);
  }
}

TEST_F(Ends, ValuesOfAnySizeAreRefused) {
  EXPECT_NE(Run("SELECT length(repeat('x', 2000000000))").find("limits.max_string_bytes"), std::string::npos);
  EXPECT_NE(Run("SELECT len(range(1000000000))").find("limits.max_list_elements"), std::string::npos);
}

// --- bounds

class Bounds : public testing::Test {
 protected:
  static EngineOptions Small() {
    EngineOptions options;
    options.max_string_bytes = 1u << 20;
    options.max_list_elements = 10'000;
    return options;
  }
  Bounds() { engine_.table("notes").Add({1, "a"}); }
  TestEngine engine_{Small()};
};

TEST_F(Bounds, NoChainOfFunctionsGrowsBeyondThem) {
  const auto chain = [](std::string start, const std::string& step, int steps) {
    std::string sql = "SELECT " + start + " AS v";
    for (int i = 0; i < steps; ++i) sql = "SELECT " + step + " AS v FROM (" + sql + ") t" + std::to_string(i);
    return "SELECT count(v) FROM (" + sql + ") t";
  };
  for (const char* step :
       {"v || v", "concat(v, v, v)", "concat_ws('', v, v)", "hex(v)", "array_to_string([v, v], '')",
        "to_json([v, v])::TEXT", "regexp_replace(v, '.', '\\0\\0', 'g')", "[v, v]::TEXT"}) {
    for (const bool kept : {true, false}) {
      engine_.keep_plans = kept;
      const std::string answer = engine_.Run(chain("repeat('x', 1000)", step, 24));
      EXPECT_NE(answer.find("limits."), std::string::npos) << step << ": " << answer.substr(0, 200);
    }
  }
  for (const char* step : {"list_concat(v, v)", "v || v", "flatten([v, v])", "list_transform(v, x -> x + 1) || v"}) {
    const std::string answer = engine_.Run(chain("range(100)", step, 24));
    EXPECT_NE(answer.find("limits."), std::string::npos) << step << ": " << answer.substr(0, 200);
  }
  EXPECT_NE(engine_.Run(chain("1", "{'a': v, 'b': v}", 24)).find("fields"), std::string::npos);
  EXPECT_EQ(engine_.Run("SELECT body FROM notes"), "a");
}

TEST_F(Bounds, NoPlanKeepsWhatALineMadeLarge) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(engine_.Run("SELECT length(repeat('x', 900000)), body FROM notes WHERE body <> repeat('y', 900000)"),
              "900000|a");
    EXPECT_FALSE(engine_.cache_hit);
  }
}

TEST_F(Bounds, AggregatesAreNoWayRound) {
  EXPECT_NE(engine_.Run("SELECT length(string_agg(repeat('x', 1000), '')) FROM range(5000)").find("limits."),
            std::string::npos);
  EXPECT_NE(engine_.Run("SELECT len(list(x)) FROM range(50000) r(x)").find("limits.max_list_elements"),
            std::string::npos);
  EXPECT_NE(engine_.Run("SELECT len(list(x) OVER ()) FROM range(50000) r(x)").find("limits."), std::string::npos);
}

TEST_F(Bounds, WhatFitsIsAsItWas) {
  EXPECT_EQ(engine_.Run("SELECT 'a' || 'b', concat('x', 1), [1, 2] || [3], {'a': 1}, "
                        "list_transform([1, 2], x -> x * 2), string_agg(body, ',') FROM notes"),
            "ab|x1|[1,2,3]|{\"a\":1}|[2,4]|a");
  EXPECT_EQ(engine_.names[0], "('a' || 'b')");
  EXPECT_EQ(engine_.Run("SELECT NULL || 'x', [body, NULL] FROM notes"), "null|[\"a\",null]");
  EXPECT_EQ(engine_.Run("SELECT body || '!' AS b, count(*) FROM notes GROUP BY body || '!' ORDER BY body || '!'"),
            "a!|1");
}

}  // namespace
}  // namespace kalam::duck
