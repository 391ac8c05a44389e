// What the terminal shows, character by character.

#include "exit_code.h"
#include "printer.h"
#include "text_width.h"

#include <gtest/gtest.h>

namespace kalam::cli {
namespace {

using Kind = Cell::Kind;

struct Value {
  Kind kind;
  std::string text;
};
Value Text(std::string text) { return {Kind::kString, std::move(text)}; }
Value Number(std::string text) { return {Kind::kNumber, std::move(text)}; }
const Value kNull{Kind::kNull, ""};

StatementResult ResultSet(std::vector<std::string> columns,
                          const std::vector<std::vector<Value>>& rows) {
  StatementResult result;
  result.has_rows = true;
  result.rows = Rows(std::move(columns));
  result.row_count = rows.size();
  for (const auto& row : rows) {
    result.rows.AppendRow();
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (row[i].kind != Kind::kNull) result.rows.SetInLastRow(i, row[i].kind, row[i].text);
    }
  }
  return result;
}

StatementResult Message(std::string message, std::uint64_t rows) {
  StatementResult result;
  result.message = std::move(message);
  result.row_count = rows;
  return result;
}

std::string Printed(const Response& response, OutputStyle style = {}) {
  TextSink out(nullptr);
  TextSink err(nullptr);
  Printer(style, &out, style, &err).PrintResponse(response);
  return out.text();
}

std::string Table(const StatementResult& result, OutputStyle style = {}) {
  TextSink out(nullptr);
  PrintTable(result, style, &out);
  return out.text();
}

TEST(OutputTest, TableAsSpecified) {
  Response response;
  response.took_ms = 3.412;
  response.results.push_back(ResultSet({"id", "body"}, {{Number("1"), Text("hello")}}));
  EXPECT_EQ(Printed(response),
            "┌────┬───────┐\n"
            "│ id │ body  │\n"
            "├────┼───────┤\n"
            "│ 1  │ hello │\n"
            "└────┴───────┘\n"
            "(1 row)\n"
            "\n"
            "Took: 3.412 ms\n");
}

TEST(OutputTest, EmptyResultSetStillShowsItsHeader) {
  EXPECT_EQ(Table(ResultSet({"id"}, {})),
            "┌────┐\n"
            "│ id │\n"
            "├────┤\n"
            "└────┘\n"
            "(0 rows)\n");
}

TEST(OutputTest, MessagesCountAffectedRows) {
  Response response;
  response.took_ms = 1;
  response.results.push_back(Message("2 rows inserted.", 2));
  EXPECT_EQ(Printed(response), "2 rows inserted.\nQuery OK, 2 rows affected\n\nTook: 1.000 ms\n");
}

TEST(OutputTest, CellsAlignWhateverTheScript) {
  EXPECT_EQ(Table(ResultSet({"名前", "n"}, {{Text("日本語"), Number("1")},
                                            {Text("e\u0301te\u0301"), Number("22")},
                                            {Text("👩‍👩‍👧 🇩🇪"), kNull},
                                            {Text("ábc שלום"), Number("4")}})),
            "┌──────────┬──────┐\n"
            "│ 名前     │ n    │\n"
            "├──────────┼──────┤\n"
            "│ 日本語   │ 1    │\n"
            "│ e\u0301te\u0301      │ 22   │\n"
            "│ 👩‍👩‍👧 🇩🇪    │ NULL │\n"
            "│ ábc שלום │ 4    │\n"
            "└──────────┴──────┘\n"
            "(4 rows)\n");
}

TEST(OutputTest, DataCannotSteerTheTerminal) {
  const std::string table = Table(ResultSet(
      {"a\x1b[2J"},
      {{Text("x\n\t\x1b]0;title\x07")}, {Text("\u009b31m \u202Eevil")}, {Text("\xff\xfe")}}));
  for (const char c : table) {
    EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << int{c};
  }
  EXPECT_NE(table.find("x\\n\\t\\x1b]0;title\\x07"), std::string::npos) << table;
  EXPECT_NE(table.find("\\u009b31m \\u202eevil"), std::string::npos) << table;
  EXPECT_EQ(table.find("\u202E"), std::string::npos);
  EXPECT_NE(table.find("\uFFFD\uFFFD"), std::string::npos) << table;
}

TEST(OutputTest, WidthsOfHardCases) {
  const auto width = [](std::string_view text) { return ToDisplayText(text).width; };
  EXPECT_EQ(width(""), 0u);
  EXPECT_EQ(width("abc"), 3u);
  EXPECT_EQ(width("日本"), 4u);
  EXPECT_EQ(width("한국어"), 6u);
  EXPECT_EQ(width("ｗｉｄｅ"), 8u);
  EXPECT_EQ(width("a\u0300\u0301\u0302"), 1u);
  EXPECT_EQ(width("👍🏽"), 2u);
  EXPECT_EQ(width("❤\uFE0F"), 2u);
  EXPECT_EQ(width("a\u200Db"), 2u);
  EXPECT_EQ(width("\t"), 2u);  // shown as \t
}

TEST(OutputTest, ColourOnlyWhenAsked) {
  const StatementResult result = ResultSet({"a"}, {{kNull}});
  EXPECT_EQ(Table(result).find('\x1b'), std::string::npos);
  const std::string colored = Table(result, {.format = Format::kTable, .color = true});
  EXPECT_NE(colored.find("\x1b[2mNULL\x1b[0m"), std::string::npos);
}

TEST(OutputTest, DescribeShowsVersionAndHistoryBelow) {
  const StatementResult describe = ResultSet(
      {"column_name", "current_schema_version", "schema_history_reference"},
      {{Text("id"), Number("3"), Text("SELECT 1")}, {Text("body"), Number("3"), Text("SELECT 1")}});
  EXPECT_EQ(Table(describe),
            "┌─────────────┐\n"
            "│ column_name │\n"
            "├─────────────┤\n"
            "│ id          │\n"
            "│ body        │\n"
            "└─────────────┘\n"
            "(2 rows)\n"
            "Schema version: 3\n"
            "History: SELECT 1\n");

  // SHOW TABLE STATS: bytes for people, here only.
  const StatementResult stats =
      ResultSet({"metric", "value"}, {{Text("parquet_files"), Text("3921")}, {Text("storage_size"), Text("3921")}});
  EXPECT_EQ(Table(stats),
            "┌───────────────┬─────────┐\n"
            "│ metric        │ value   │\n"
            "├───────────────┼─────────┤\n"
            "│ parquet_files │ 3921    │\n"
            "│ storage_size  │ 3.8 KiB │\n"
            "└───────────────┴─────────┘\n"
            "(2 rows)\n");
}

TEST(OutputTest, JsonIsAnArrayOfRowsOrAnObject) {
  TextSink out(nullptr);
  PrintJson(
      ResultSet({"id", "t"}, {{Number("9223372036854775807"), Text("a\"\n")}, {kNull, Text("")}}),
      &out);
  EXPECT_EQ(out.text(),
            "[{\"id\":9223372036854775807,\"t\":\"a\\\"\\n\"},\n{\"id\":null,\"t\":\"\"}]\n");
  out.text().clear();
  PrintJson(ResultSet({"id"}, {}), &out);
  EXPECT_EQ(out.text(), "[]\n");
  out.text().clear();
  PrintJson(Message("Namespace 'app' created successfully", 0), &out);
  EXPECT_EQ(out.text(), "{\"message\":\"Namespace 'app' created successfully\",\"row_count\":0}\n");
}

TEST(OutputTest, CsvQuotesWhatRfc4180SaysAndTellsNullFromEmpty) {
  TextSink out(nullptr);
  PrintCsv(ResultSet({"a", "b,c"}, {{Text("x,y"), Text("say \"hi\"")},
                                    {Text("two\nlines"), kNull},
                                    {Text(""), Text(" padded ")}}),
           {.format = Format::kCsv}, &out);
  EXPECT_EQ(out.text(),
            "a,\"b,c\"\n\"x,y\",\"say \"\"hi\"\"\"\n\"two\nlines\",\n\"\",\" padded \"\n");
}

TEST(OutputTest, CsvOnATerminalShowsControlCharactersAsEscapes) {
  TextSink out(nullptr);
  PrintCsv(ResultSet({"a\x1b"}, {{Text("x\x1b[2J,y\nz")}, {kNull}}), {.format = Format::kCsv, .terminal = true}, &out);
  EXPECT_EQ(out.text(), "a\\x1b\n\"x\\x1b[2J,y\\nz\"\n\n");
}

TEST(OutputTest, BatchFileLines) {
  TextSink out(nullptr);
  TextSink err(nullptr);
  Printer printer({}, &out, {}, &err);
  printer.PrintNumbered(1, Message("Namespace 'app' created successfully", 0));
  printer.PrintCompleted(4, 0, 0.145);
  printer.PrintStopped(2);
  EXPECT_EQ(out.text(),
            "Statement 1: Namespace 'app' created successfully\n"
            "Completed 4 statements in 0.145s\n"
            "Stopped at statement 2 due to error.\n");
}

TEST(OutputTest, AWebSocketThatFailsIsNoConnectionOrNoKalam) {
  Error error;
  error.kind = ErrorKind::kWebSocket;
  EXPECT_EQ(CodeOf(error), "WEBSOCKET_FAILED");
  EXPECT_EQ(ExitCodeOf(error), ExitCode::kConnection);
  error.http_status = 404;
  EXPECT_EQ(ExitCodeOf(error), ExitCode::kProtocol);
}

TEST(OutputTest, ErrorsGoToStandardErrorWithCodeAndDetails) {
  TextSink out(nullptr);
  TextSink err(nullptr);
  Printer printer({}, &out, {}, &err);
  Error error;
  error.kind = ErrorKind::kSql;
  error.code = "SQL_EXECUTION_ERROR";
  error.message = "ERROR: relation 'x\x1b[2J' does not exist";
  error.details = "SELECT *\nFROM x";
  printer.PrintError(error);
  EXPECT_TRUE(out.text().empty());
  EXPECT_EQ(err.text(),
            "ERROR SQL_EXECUTION_ERROR: ERROR: relation 'x\\x1b[2J' does not exist\n"
            "Details: SELECT *\nFROM x\n");
}

}  // namespace
}  // namespace kalam::cli
