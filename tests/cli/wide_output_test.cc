// Tables on a narrow terminal, and rows shown a column a line. What is piped is never shortened: width 0.

#include "printer.h"
#include "text_width.h"

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

namespace kalam::cli {
namespace {

StatementResult Strings(std::vector<std::string> columns, const std::vector<std::vector<std::string>>& rows) {
  StatementResult result;
  result.has_rows = true;
  result.rows = Rows(std::move(columns));
  for (const auto& row : rows) {
    result.rows.AppendRow();
    for (std::size_t i = 0; i < row.size(); ++i) result.rows.SetInLastRow(i, Cell::Kind::kString, row[i]);
  }
  return result;
}

std::string Table(const StatementResult& result, std::size_t width) {
  TextSink out(nullptr);
  OutputStyle style;
  style.width = width;
  PrintTable(result, style, &out);
  return out.text();
}

// The cells of each line but the last (the count).
std::vector<std::size_t> WidthsOf(const std::string& table) {
  std::vector<std::size_t> widths;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) widths.push_back(ToDisplayText(line).width);
  widths.pop_back();
  return widths;
}

TEST(WideOutputTest, TheWidestColumnsAreShortened) {
  EXPECT_EQ(Table(Strings({"id", "text"}, {{"1", "abcdefghijklmnopqrstuvwxyz"}, {"22", "short"}}), 24),
            "┌────┬─────────────────┐\n"
            "│ id │ text            │\n"
            "├────┼─────────────────┤\n"
            "│ 1  │ abcdefghijklmn… │\n"
            "│ 22 │ short           │\n"
            "└────┴─────────────────┘\n"
            "(2 rows)\n");
}

TEST(WideOutputTest, CjkEmojiCombiningMarksAndRightToLeftAreCutBetweenCharacters) {
  const auto result = Strings({"a"}, {{"漢字漢字漢字漢字漢字"},
                                      {"👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦"},
                                      {"e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301"},
                                      {"שלום עולם שלום"},
                                      {"\x1b[31mred\x1b[0m"}});
  EXPECT_EQ(Table(result, 13),
            "┌───────────┐\n"
            "│ a         │\n"
            "├───────────┤\n"
            "│ 漢字漢字… │\n"
            "│ 👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦… │\n"
            "│ e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301… │\n"
            "│ שלום עול… │\n"
            "│ \\x1b[31m… │\n"
            "└───────────┘\n"
            "(5 rows)\n");
}

TEST(WideOutputTest, TwoHundredColumnsFitAndSayWhatIsMissing) {
  std::vector<std::string> names;
  std::vector<std::string> values;
  for (int i = 0; i < 200; ++i) {
    names.push_back("column_" + std::to_string(i));
    values.push_back("value " + std::to_string(i));
  }
  const auto result = Strings(names, {values, values});
  const std::string narrow = Table(result, 80);
  for (const std::size_t width : WidthsOf(narrow)) EXPECT_LE(width, 80u);
  EXPECT_TRUE(narrow.ends_with("(2 rows, 7 of 200 columns; \\x shows all)\n")) << narrow;
  const std::string whole = Table(result, 0);
  EXPECT_NE(whole.find("value 199"), std::string::npos);
  EXPECT_TRUE(whole.ends_with("(2 rows)\n"));
  EXPECT_EQ(TableWidth(result), WidthsOf(whole).front());
}

TEST(WideOutputTest, EveryWidthIsKept) {
  const auto result = Strings({"id", "a long column name", "漢字"}, {{"1", std::string(300, 'x'), "漢字漢字漢字"}});
  for (std::size_t width = 12; width < 120; ++width) {
    for (const std::size_t line : WidthsOf(Table(result, width))) EXPECT_LE(line, width);
  }
}

TEST(WideOutputTest, AHundredThousandRowsAreAllThere) {
  StatementResult result;
  result.has_rows = true;
  result.rows = Rows({"id"});
  for (int i = 0; i < 100'000; ++i) {
    result.rows.AppendRow();
    result.rows.SetInLastRow(0, Cell::Kind::kNumber, std::to_string(i));
  }
  const std::string table = Table(result, 80);
  EXPECT_NE(table.find("│ 99999 │\n"), std::string::npos);
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 100'005);
}

TEST(WideOutputTest, ExpandedShowsAColumnALine) {
  StatementResult result = Strings({"id", "漢字"}, {{"1", "two\nlines"}});
  result.rows.AppendRow();
  OutputStyle style;
  style.color = true;
  TextSink out(nullptr);
  PrintExpanded(result, style, &out);
  EXPECT_EQ(out.text(),
            "─[ 1 ]──────────────────────\n"
            "\x1b[1mid\x1b[0m   │ 1\n"
            "\x1b[1m漢字\x1b[0m │ two\\nlines\n"
            "─[ 2 ]──────────────────────\n"
            "\x1b[1mid\x1b[0m   │ \x1b[2mNULL\x1b[0m\n"
            "\x1b[1m漢字\x1b[0m │ \x1b[2mNULL\x1b[0m\n"
            "(2 rows)\n");
}

TEST(WideOutputTest, NdjsonIsARowALine) {
  TextSink out(nullptr);
  PrintJson(Strings({"a"}, {{"1"}, {"x\ny"}}), &out, Format::kNdjson);
  EXPECT_EQ(out.text(), "{\"a\":\"1\"}\n{\"a\":\"x\\ny\"}\n");
}

}  // namespace
}  // namespace kalam::cli
