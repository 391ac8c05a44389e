#include "import/record_reader.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kalam::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Lines = std::vector<std::string>;

// All records as "position:field|field", "NULL" for an empty field, or "position!problem".
Lines ReadCsv(const std::string& text, const CsvFormat& format = {},
              std::size_t piece_bytes = 1 << 20) {
  const auto input = InputWindow::OfText(text, piece_bytes);
  const auto reader = OpenCsv(input.get(), format);
  if (!reader) return {"header: " + reader.error().message};
  Lines lines;
  Record record;
  while (true) {
    const auto more = (*reader)->Next(&record);
    if (!more) {
      lines.push_back("error: " + more.error().message);
      return lines;
    }
    if (!*more) return lines;
    std::string& line = lines.emplace_back(std::to_string(record.position));
    if (!record.problem.empty()) {
      line += "!" + record.problem;
      continue;
    }
    for (std::size_t i = 0; i < record.fields.size(); ++i) {
      const FieldValue& value = record.fields[i];
      line += i == 0 ? ":" : "|";
      line += value.kind == ValueKind::kEmpty ? "NULL" : std::string(value.text);
    }
  }
}

TEST(CsvReaderTest, QuotedFieldsMayHoldAnything) {
  EXPECT_THAT(ReadCsv("a,b\n\"x,y\",\"line 1\nline \"\"2\"\"\"\r\n\"\",plain\n"),
              ElementsAre("2:x,y|line 1\nline \"2\"", "4:|plain"));
}

TEST(CsvReaderTest, EmptyUnquotedFieldIsNullAndQuotedIsText) {
  EXPECT_THAT(ReadCsv("a,b,c\n,\"\",x\n"), ElementsAre("2:NULL||x"));
  EXPECT_THAT(ReadCsv("a,b\n\\N,\"\\N\"\n", {.null_text = "\\N"}), ElementsAre("2:NULL|\\N"));
}

TEST(CsvReaderTest, LastLineNeedsNoEnd) {
  EXPECT_THAT(ReadCsv("a,b\n1,2\n3,4"), ElementsAre("2:1|2", "3:3|4"));
  EXPECT_THAT(ReadCsv("a,b\n1,"), ElementsAre("2:1|NULL"));
  EXPECT_THAT(ReadCsv("a\n\"x\""), ElementsAre("2:x"));
}

TEST(CsvReaderTest, ByteOrderMarkEmptyLinesAndOtherDelimiters) {
  EXPECT_THAT(ReadCsv("\xEF\xBB\xBF"
                      "a;b\r\n\r\n1;2\r\n\n3;4\r\n",
                      {.delimiter = ';'}),
              ElementsAre("3:1|2", "5:3|4"));
}

TEST(CsvReaderTest, WithoutHeaderTheFirstLineIsData) {
  EXPECT_THAT(ReadCsv("1,2\n", {.names_if_no_header = {"a", "b"}}), ElementsAre("1:1|2"));
}

TEST(CsvReaderTest, BadRecordsAreNamedAndTheNextOnesRead) {
  EXPECT_THAT(
      ReadCsv("a,b\n1\n\"x\"y,2\n3,4,5\n\xff,1\n6,7\n"),
      ElementsAre("2!expected 2 fields, found 1", "3!text follows the closing quote of a field",
                  "4!expected 2 fields, found 3", "5!not valid UTF-8", "6:6|7"));
  EXPECT_THAT(ReadCsv("a,b\n1,\"2\n3,4\n"), ElementsAre("2!a quoted field is not closed"));
}

TEST(CsvReaderTest, UnusableHeadersAreRefused) {
  EXPECT_THAT(ReadCsv(""), ElementsAre(HasSubstr("empty")));
  EXPECT_THAT(ReadCsv("a,,b\n"), ElementsAre(HasSubstr("field 2 of the header has no name")));
  EXPECT_THAT(ReadCsv("a,a\n"), ElementsAre(HasSubstr("names field 'a' twice")));
}

TEST(CsvReaderTest, WhereThePiecesEndMakesNoDifference) {
  const std::vector<std::string> parts = {"a",    "\"",  "\"\"", ",",      "\n",
                                          "\r\n", "x y", "é",    ",\"q\","};
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 3000; ++round) {
    std::string text = "p,q\n";
    for (int n = static_cast<int>(random() % 20); n >= 0; --n)
      text += parts[random() % parts.size()];
    const Lines whole = ReadCsv(text);
    ASSERT_EQ(whole, ReadCsv(text, {}, 1)) << text;
    ASSERT_EQ(whole, ReadCsv(text, {}, 1 + random() % 7)) << text;
  }
}

}  // namespace
}  // namespace kalam::cli
