#include "import/number_text.h"
#include "import/record_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kalam::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using Lines = std::vector<std::string>;

constexpr const char* kKinds = "ENB#TJ";  // in the order of ValueKind

// All records as "position:name=Kvalue,...", K being the kind, or "position!problem".
Lines ReadJson(const std::string& text, JsonLayout layout, std::size_t piece_bytes = 1 << 20) {
  const auto input = InputWindow::OfText(text, piece_bytes);
  const auto reader = OpenJson(input.get(), layout);
  Lines lines;
  Record record;
  while (true) {
    const auto more = reader->Next(&record);
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
    for (const FieldValue& value : record.fields) {
      line += line.find(':') == std::string::npos ? ":" : ",";
      line += reader->field_names()[value.field] + "=" + kKinds[static_cast<int>(value.kind)];
      line += value.text;
    }
  }
}

TEST(JsonReaderTest, ValuesKeepTheirKindAndNumbersTheirDigits) {
  const std::string object =
      R"({"i": 9223372036854775807 ,"d":1e-7,"t":"a\n\u00e9\"","n":null,"b":false,"j":[1, {"x":"]"}]})";
  const std::string expected =
      "1:i=#9223372036854775807,d=#1e-7,t=Ta\n\u00e9\",n=N,b=Bfalse,j=J[1, {\"x\":\"]\"}]";
  EXPECT_THAT(ReadJson(object, JsonLayout::kLines), ElementsAre(expected));
  EXPECT_THAT(ReadJson("[" + object + "]", JsonLayout::kArray), ElementsAre(expected));
  EXPECT_THAT(ReadJson(object, JsonLayout::kConcatenated), ElementsAre(expected));
}

TEST(JsonReaderTest, BadLineIsNamedAndTheNextOnesRead) {
  const Lines lines = ReadJson(
      "{\"a\":1}\n\n{\"a\":\n[1]\n{\"a\":01}\n{\"a\":1} x\n{\"a\":\"\xff\"}\r\n{\"b\":2}\r\n",
      JsonLayout::kLines);
  EXPECT_THAT(lines,
              ElementsAre("1:a=#1", StartsWith("3!"),
                          "4!the record is not a JSON object", "5!not valid JSON: malformed number",
                          StartsWith("6!"), StartsWith("7!not valid JSON"), "8:b=#2"));
}

TEST(JsonReaderTest, ArraysOverAnyNumberOfLines) {
  EXPECT_THAT(
      ReadJson(" [\n {\"a\": 1},\n\n {\"b\": {\"c\": [\"}\\\"\"]}}\n]\n", JsonLayout::kArray),
      ElementsAre("1:a=#1", "2:b=J{\"c\": [\"}\\\"\"]}"));
  EXPECT_THAT(ReadJson("[]", JsonLayout::kArray), ElementsAre());
  EXPECT_THAT(ReadJson("[1,\"x\",{\"a\":1}]", JsonLayout::kArray),
              ElementsAre("1!the record is not a JSON object", "2!the record is not a JSON object",
                          "3:a=#1"));
}

TEST(JsonReaderTest, ArrayThatBreaksOffIsAnErrorAfterTheRecordsBeforeIt) {
  EXPECT_THAT(ReadJson("[{\"a\":1},{\"a\":", JsonLayout::kArray),
              ElementsAre("1:a=#1", HasSubstr("not valid JSON after record 1")));
  EXPECT_THAT(ReadJson("[{\"a\":1}", JsonLayout::kArray),
              ElementsAre("1:a=#1", HasSubstr("not valid JSON after record 1")));
  EXPECT_THAT(ReadJson("[{\"a\":1} {\"a\":2}]", JsonLayout::kArray),
              ElementsAre("1:a=#1", HasSubstr("not valid JSON")));
  EXPECT_THAT(ReadJson("[{\"a\":1},]", JsonLayout::kArray),
              ElementsAre("1:a=#1", HasSubstr("not valid JSON")));
  EXPECT_THAT(ReadJson("[{\"a\":1}] x", JsonLayout::kArray),
              ElementsAre("1:a=#1", HasSubstr("something follows")));
}

TEST(JsonReaderTest, WhereThePiecesEndMakesNoDifference) {
  const std::string array =
      "[ {\"a\": \"x\\\\\", \"b\": [1, 2]}, 17 ,{\"a\": \"\\\"}\"} , {} ,{\"c\":{\"d\":[{}]}}]  ";
  const std::string lines = "{\"a\":\"x\"}\n\r\n  {\"b\":[1]}\r\n{\"c\":1}";
  const std::string concatenated = "{\"a\":1}{\"b\":\n2}\n\n{\"c\":\"}\"}";
  for (std::size_t piece = 1; piece < 12; ++piece) {
    EXPECT_EQ(ReadJson(array, JsonLayout::kArray, piece), ReadJson(array, JsonLayout::kArray));
    EXPECT_EQ(ReadJson(lines, JsonLayout::kLines, piece), ReadJson(lines, JsonLayout::kLines));
    EXPECT_EQ(ReadJson(concatenated, JsonLayout::kConcatenated, piece),
              ReadJson(concatenated, JsonLayout::kConcatenated));
  }
  EXPECT_EQ(ReadJson(array, JsonLayout::kArray).size(), 5u);
  EXPECT_THAT(ReadJson(concatenated, JsonLayout::kConcatenated),
              ElementsAre("1:a=#1", "2:b=#2", "3:c=T}"));
}

TEST(JsonReaderTest, LayoutIsSeenFromTheFirstCharacter) {
  const auto guess = [](const std::string& text) {
    return GuessJsonLayout(InputWindow::OfText(text, 2).get());
  };
  EXPECT_EQ(guess("\xEF\xBB\xBF \n [ {}"), JsonLayout::kArray);
  EXPECT_EQ(guess("  {}"), JsonLayout::kConcatenated);
}

TEST(NumberTextTest, OnlyWhatJsonAndSqlBothReadAsANumber) {
  for (const char* text : {"0", "-0", "12", "-1.50", "1e9", "1E-9", "0.5e+3"}) {
    EXPECT_TRUE(IsNumberText(text)) << text;
  }
  for (const char* text :
       {"", "-", "+1", "01", "1.", ".5", "1e", "1e+", "0x1", "1 ", "nan", "1;2"}) {
    EXPECT_FALSE(IsNumberText(text)) << text;
  }
  EXPECT_TRUE(IsIntegerText("-9"));
  EXPECT_FALSE(IsIntegerText("9.0"));
}

}  // namespace
}  // namespace kalam::cli
