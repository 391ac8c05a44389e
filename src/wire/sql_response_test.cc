#include "wire/sql_response.h"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "wire/small_bodies.h"

namespace kalam::wire {
namespace {

using namespace std::chrono_literals;

bool IsJson(const std::string& text) {
  simdjson::dom::parser parser;
  return parser.parse(text).error() == simdjson::SUCCESS;
}

// The first result's row of one cell.
std::string CellOf(DataType type, const Datum& datum, bool int64_as_string = false) {
  std::string out;
  SqlResponseWriter writer(out, {.int64_as_string = int64_as_string});
  const ResultShape shape({{"v", type}});
  writer.BeginRows(shape);
  EXPECT_TRUE(writer.Row(std::vector{datum}).ok());
  writer.EndRows();
  writer.Finish(0us);
  EXPECT_TRUE(IsJson(out)) << out;
  const std::string before = R"("rows":[{"v":)";
  const auto begin = out.find(before) + before.size();
  return out.substr(begin, out.find("}],\"row_count\"") - begin);
}

TEST(SqlResponse, RowsThenTheirDescription) {
  std::string out;
  SqlResponseWriter writer(out, {});
  const ResultShape shape({{"id", DataType::kBigInt}, {"body", DataType::kText}});
  writer.BeginRows(shape);
  ASSERT_TRUE(writer.Row(std::vector{Datum::Int(101), Datum::Text("hi")}).ok());
  ASSERT_TRUE(writer.Row(std::vector{Datum::Int(102), Datum::Null()}).ok());
  writer.EndRows({.cache_hit = true});
  writer.Finish(3412us, true);
  EXPECT_EQ(out,
            R"({"status":"success","results":[{"rows":[{"id":101,"body":"hi"},{"id":102,"body":null}],)"
            R"("row_count":2,"columns":["id","body"],"cache_hit":true}],"took_ms":3.412,"cache_hit":true})");
}

TEST(SqlResponse, AnEmptyResultKeepsItsColumns) {
  std::string out;
  SqlResponseWriter writer(out, {});
  const ResultShape shape({{"id", DataType::kBigInt}, {"body", DataType::kText}});
  writer.BeginRows(shape);
  writer.EndRows();
  writer.Finish(800us);
  EXPECT_EQ(out, R"({"status":"success","results":[{"rows":[],"row_count":0,"columns":["id","body"]}],)"
                 R"("took_ms":0.800})");
}

TEST(SqlResponse, OutcomesHaveNoRows) {
  std::string out;
  SqlResponseWriter writer(out, {});
  writer.AddOutcome(0, "Namespace 'app' created successfully");
  writer.AddOutcome(2, "2 rows inserted", false);
  writer.Finish(12'005'100us, false);
  EXPECT_EQ(out,
            R"({"status":"success","results":[)"
            R"({"row_count":0,"columns":[],"message":"Namespace 'app' created successfully"},)"
            R"({"row_count":2,"columns":[],"message":"2 rows inserted","cache_hit":false}],)"
            R"("took_ms":12005.100,"cache_hit":false})");
}

TEST(SqlResponse, AFailureKeepsTheResultsBeforeItAndDropsTheOpenOne) {
  std::string out;
  SqlResponseWriter writer(out, {});
  const ResultShape shape({{"n", DataType::kInt}});
  writer.AddOutcome(1, "1 row inserted");
  writer.BeginRows(shape);
  ASSERT_TRUE(writer.Row(std::vector{Datum::Int(1)}).ok());
  writer.BeginRow();
  writer.IntCell(2);
  writer.Fail(1200us, {.code = "SQL_EXECUTION_ERROR",
                       .message = "Statement 2 failed: \"why\"",
                       .details = "SELECT 1/0"});
  EXPECT_EQ(out,
            R"({"status":"error"  ,"results":[{"row_count":1,"columns":[],"message":"1 row inserted"}],)"
            R"("took_ms":1.200,"error":{"code":"SQL_EXECUTION_ERROR",)"
            R"("message":"Statement 2 failed: \"why\"","details":"SELECT 1/0"}})");
  EXPECT_TRUE(IsJson(out));
}

TEST(SqlResponse, AFailedFirstStatementLeavesNoResults) {
  std::string out;
  SqlResponseWriter writer(out, {});
  const ResultShape shape({{"n", DataType::kInt}});
  writer.BeginRows(shape);
  writer.Fail(1us, {.code = "X", .message = "m"});
  EXPECT_EQ(out, ErrorResponse(1us, {.code = "X", .message = "m"}));
  EXPECT_EQ(out, R"({"status":"error"  ,"results":[],"took_ms":0.001,"error":{"code":"X","message":"m"}})");
}

TEST(SqlResponse, ADroppedResultCanBeWrittenAgain) {
  std::string out;
  SqlResponseWriter writer(out, {});
  const ResultShape shape({{"n", DataType::kInt}});
  writer.AddOutcome(0, "first");
  for (int attempt = 0; attempt < 2; ++attempt) {
    writer.DropOpenResult();
    writer.BeginRows(shape);
    ASSERT_TRUE(writer.Row(std::vector{Datum::Int(attempt)}).ok());
  }
  writer.EndRows();
  writer.DropOpenResult();  // complete: stays
  writer.Finish(0us);
  EXPECT_EQ(out, R"({"status":"success","results":[{"row_count":0,"columns":[],"message":"first"},)"
                 R"({"rows":[{"n":1}],"row_count":1,"columns":["n"]}],"took_ms":0.000})");
}

TEST(SqlResponse, ValuesAreEncodedByTheirColumnsType) {
  EXPECT_EQ(CellOf(DataType::kBoolean, Datum::Bool(true)), "true");
  EXPECT_EQ(CellOf(DataType::kBoolean, Datum::Bool(false)), "false");
  EXPECT_EQ(CellOf(DataType::kSmallInt, Datum::Int(-32768)), "-32768");
  EXPECT_EQ(CellOf(DataType::kBigInt, Datum::Int(std::numeric_limits<std::int64_t>::min())),
            "-9223372036854775808");
  EXPECT_EQ(CellOf(DataType::kBigInt, Datum::Int(9007199254740993)), "9007199254740993");
  EXPECT_EQ(CellOf(DataType::kDouble, Datum::Double(0.1)), "0.1");
  EXPECT_EQ(CellOf(DataType::kDouble, Datum::Double(static_cast<double>(0.1f))),
            "0.10000000149011612");
  EXPECT_EQ(CellOf(DataType::kFloat, Datum::Double(static_cast<double>(0.1f))), "0.1");
  EXPECT_EQ(CellOf(DataType::kText, Datum::Text("a\"b\\\n\x01é")), R"("a\"b\\\n\u0001é")");
  EXPECT_EQ(CellOf(DataType::kJson, Datum::Text(R"({"a":1})")), R"("{\"a\":1}")");
  EXPECT_EQ(CellOf(DataType::kTimestamp, Datum::Int(1'760'956'200'000'000)),
            "\"2025-10-20T10:30:00Z\"");
  EXPECT_EQ(CellOf(DataType::kTimestamp, Datum::Int(1'760'956'200'500'000)),
            "\"2025-10-20T10:30:00.5Z\"");
  EXPECT_EQ(CellOf(DataType::kDate, Datum::Int(20381)), "\"2025-10-20\"");
  EXPECT_EQ(CellOf(DataType::kTime, Datum::Int(52'200'123'456)), "\"14:30:00.123456\"");
  EXPECT_EQ(CellOf(DataType::kBinary, Datum::Binary(std::string_view("\x00\x7f\xff", 3))), "\"0x007fff\"");
  EXPECT_EQ(CellOf(DataType::kBinary, Datum::Binary("")), "\"0x\"");
  for (const DataType type : {DataType::kBoolean, DataType::kBigInt, DataType::kFloat,
                              DataType::kText, DataType::kTimestamp, DataType::kBinary}) {
    EXPECT_EQ(CellOf(type, Datum::Null()), "null");
  }
}

TEST(SqlResponse, NumbersThatJsonLacksAreNull) {
  using Limits = std::numeric_limits<double>;
  for (const double value : {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN()}) {
    EXPECT_EQ(CellOf(DataType::kDouble, Datum::Double(value)), "null");
    EXPECT_EQ(CellOf(DataType::kFloat, Datum::Double(value)), "null");
  }
  EXPECT_EQ(CellOf(DataType::kDouble, Datum::Double(Limits::denorm_min())), "5e-324");
  EXPECT_EQ(CellOf(DataType::kDouble, Datum::Double(Limits::max())), "1.7976931348623157e+308");
}

TEST(SqlResponse, OnlyBigintsBecomeStringsOnRequest) {
  EXPECT_EQ(CellOf(DataType::kBigInt, Datum::Int(-5), true), "\"-5\"");
  EXPECT_EQ(CellOf(DataType::kInt, Datum::Int(-5), true), "-5");
  EXPECT_EQ(CellOf(DataType::kSmallInt, Datum::Int(5), true), "5");
  EXPECT_EQ(CellOf(DataType::kBigInt, Datum::Null(), true), "null");
  EXPECT_EQ(CellOf(DataType::kDouble, Datum::Double(5), true), "5");
}

TEST(SqlResponse, ExactNumbersBeyond64BitsPassThrough) {
  const ResultShape shape({{"a", DataType::kBigInt}, {"b", DataType::kDouble}, {"c", DataType::kJson}});
  const auto row = [&](bool int64_as_string) {
    std::string out;
    SqlResponseWriter writer(out, {.int64_as_string = int64_as_string});
    writer.BeginRows(shape);
    writer.BeginRow();
    writer.BigIntegerCell("170141183460469231731687303715884105727");
    writer.BigIntegerCell("12.30");
    writer.RawCell("[1,2]");
    EXPECT_TRUE(writer.EndRow().ok());
    writer.EndRows();
    writer.Finish(0us);
    return out.substr(out.find("[{\"a\""), out.find(",\"row_count\"") - out.find("[{\"a\""));
  };
  EXPECT_EQ(row(false), R"([{"a":170141183460469231731687303715884105727,"b":12.30,"c":[1,2]}])");
  EXPECT_EQ(row(true), R"([{"a":"170141183460469231731687303715884105727","b":12.30,"c":[1,2]}])");
}

TEST(SqlResponse, ColumnsOfOneNameGetKeysOfTheirOwn) {
  const ResultShape shape({{"n", DataType::kInt},
                           {"n", DataType::kInt},
                           {"n_1", DataType::kInt},
                           {"n", DataType::kInt},
                           {"a\"b", DataType::kInt}});
  EXPECT_EQ(shape.names_json(), R"(["n","n_2","n_1","n_3","a\"b"])");
  EXPECT_EQ(shape.key(0), R"("n":)");
  EXPECT_EQ(shape.key(4), R"(,"a\"b":)");
  EXPECT_EQ(ResultShape({{"n", DataType::kInt}, {"n", DataType::kInt}, {"n", DataType::kInt}}).names_json(),
            R"(["n","n_1","n_2"])");
  EXPECT_EQ(ResultShape().names_json(), "[]");
}

TEST(SqlResponse, AResultBeyondTheMemoryLimitNamesTheKey) {
  std::string out;
  SqlResponseWriter writer(out, {.max_bytes = 1000});
  const ResultShape shape({{"t", DataType::kText}});
  writer.BeginRows(shape);
  const std::string text(100, 'x');
  Status status;
  int rows = 0;
  while (status.ok() && rows < 100) {
    status = writer.Row(std::vector{Datum::Text(text)});
    ++rows;
  }
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(rows, 9);
  EXPECT_EQ(status.error().code(), ErrorCode::kLimitExceeded);
  EXPECT_EQ(status.error().message(), "result is larger than 1000 bytes (limits.statement_memory)");
  writer.Fail(1us, {.code = "LIMIT_EXCEEDED", .message = status.error().message()});
  EXPECT_TRUE(IsJson(out));
  EXPECT_LT(out.size(), 300u);
}

TEST(SmallBodies, HaveTheirDocumentedForm) {
  EXPECT_EQ(ErrorBody("TOKEN_EXPIRED", "JWT token has expired"),
            R"({"error":"TOKEN_EXPIRED","message":"JWT token has expired"})");
  EXPECT_EQ(HealthBody({.version = "0.1.0", .uptime = 3600s, .now = 1'761'307'200'000'000}),
            R"({"status":"healthy","version":"0.1.0","api_version":"v1","uptime_seconds":3600,)"
            R"("timestamp":"2025-10-24T12:00:00Z"})");
  EXPECT_EQ(HealthBody({.version = "0.1.0",
                        .now = 1'761'307'200'000'000,
                        .metrics = HealthMetrics{3, 5, 12.5}}),
            R"({"status":"healthy","version":"0.1.0","api_version":"v1","uptime_seconds":0,)"
            R"("timestamp":"2025-10-24T12:00:00Z","metrics":)"
            R"({"active_connections":3,"active_subscriptions":5,"queries_per_second":12.5}})");
}

}  // namespace
}  // namespace kalam::wire
