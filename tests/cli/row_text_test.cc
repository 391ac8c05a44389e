// kalam-link's rows as JSON and CSV.

#include <gtest/gtest.h>
#include <kalam/kalam.h>

namespace kalam::test {
namespace {

using Kind = Cell::Kind;

// Two rows with a value of each kind.
StatementResult AllKinds() {
  StatementResult result;
  result.has_rows = true;
  result.rows = Rows({"id", "say \"x\"", "bytes", "doc", "ok"});
  result.rows.AppendRow();
  result.rows.SetInLastRow(0, Kind::kNumber, "9223372036854775807");
  result.rows.SetInLastRow(1, Kind::kString, "a,\"b\"\nc\xff");
  result.rows.SetInLastRow(2, Kind::kString, "AQID");
  result.rows.SetInLastRow(3, Kind::kJson, R"({"k": [1, "v"]})");
  result.rows.SetInLastRow(4, Kind::kBool, "true");
  result.rows.AppendRow();
  result.rows.SetInLastRow(0, Kind::kNumber, "1.7976931348623157e308");
  result.rows.SetInLastRow(1, Kind::kString, "");
  result.rows.SetInLastRow(3, Kind::kString, " padded");
  result.row_count = 2;
  return result;
}

StatementResult Inserted() {
  StatementResult result;
  result.message = "1 row inserted.";
  result.row_count = 1;
  return result;
}

constexpr const char* kJson =
    R"([{"id":9223372036854775807,"say \"x\"":"a,\"b\"\nc�","bytes":"AQID","doc":{"k": [1, "v"]},"ok":true},)"
    "\n"
    R"({"id":1.7976931348623157e308,"say \"x\"":"","bytes":null,"doc":" padded","ok":null}])";

constexpr const char* kCsv =
    "id,\"say \"\"x\"\"\",bytes,doc,ok\n"
    "9223372036854775807,\"a,\"\"b\"\"\nc\xff\",AQID,\"{\"\"k\"\": [1, \"\"v\"\"]}\",true\n"
    "1.7976931348623157e308,\"\",,\" padded\",\n";

TEST(RowTextTest, JsonKeepsEveryDigitAndTheKindsOfValues) {
  Response response;
  response.results.push_back(AllKinds());
  EXPECT_EQ(response.results[0].ToJson(), kJson);
  EXPECT_EQ(response.ToJson(), kJson);
}

TEST(RowTextTest, CsvQuotesAsRfc4180AndTellsNullFromEmpty) {
  Response response;
  response.results.push_back(AllKinds());
  EXPECT_EQ(response.results[0].ToCsv(), kCsv);
  EXPECT_EQ(response.ToCsv(), kCsv);
}

TEST(RowTextTest, AResultSetWithoutRowsAndAStatementWithoutResultSet) {
  StatementResult empty;
  empty.has_rows = true;
  empty.rows = Rows({"id", "a,b"});
  EXPECT_EQ(empty.ToJson(), "[]");
  EXPECT_EQ(empty.ToCsv(), "id,\"a,b\"\n");
  EXPECT_EQ(Inserted().ToJson(), R"({"message":"1 row inserted.","row_count":1})");
  EXPECT_EQ(Inserted().ToCsv(), "");
}

TEST(RowTextTest, SeveralStatementsAreAnArrayAndTheirResultSetsApart) {
  StatementResult one;
  one.has_rows = true;
  one.rows = Rows({"n"});
  one.rows.AppendRow();
  one.rows.SetInLastRow(0, Kind::kNumber, "1");
  Response response;
  EXPECT_EQ(response.ToJson(), "[]");
  response.results = {one, Inserted(), one};
  EXPECT_EQ(response.ToJson(),
            "[[{\"n\":1}],\n{\"message\":\"1 row inserted.\",\"row_count\":1},\n[{\"n\":1}]]");
  EXPECT_EQ(response.ToCsv(), "n\n1\n\nn\n1\n");
}

TEST(RowTextTest, PiecesAddUpToTheWhole) {
  const StatementResult result = AllKinds();
  std::string csv;
  AppendCsvHeader(result.rows.columns(), &csv);
  for (const Row row : result.rows) AppendCsvLine(row, &csv);
  EXPECT_EQ(csv, result.ToCsv());
  std::string object;
  JsonObjects({"a"}).Append(result.rows[0], &object);
  EXPECT_EQ(object, R"({"a":9223372036854775807})");
}

}  // namespace
}  // namespace kalam::test
