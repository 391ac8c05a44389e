#include "support/json.h"

#include <gtest/gtest.h>

namespace kalam::test {
namespace {

TEST(Json, KeepsNumbersAsWritten) {
  const auto json = Json::Parse(R"({"a":9223372036854775807,"b":[1.50,-0,1e3]})");
  ASSERT_TRUE(json);
  EXPECT_EQ((*json)["a"].text(), "9223372036854775807");
  EXPECT_EQ((*json)["a"].integer(), INT64_MAX);
  EXPECT_EQ((*json)["b"].texts(), (std::vector<std::string>{"1.50", "-0", "1e3"}));
  EXPECT_FALSE((*json)["b"][0].is_integer());
}

TEST(Json, DecodesEscapes) {
  const auto json = Json::Parse(R"("a\"\\\n\u00e9\ud83d\ude00")");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->text(), "a\"\\\n\u00e9\U0001F600");
}

TEST(Json, MissingPathsAreQuiet) {
  const auto json = Json::Parse(R"({"a":[]})");
  ASSERT_TRUE(json);
  EXPECT_FALSE((*json)["a"][3]["b"].exists());
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const char* text : {"", "{", "{\"a\":}", "[1,]", "01", "1.", "+1", "NaN", "nul", "\"\\x\"",
                           "\"a\nb\"", "{} {}", "\"\\ud800\"", "{'a':1}", "[1 2]"}) {
    EXPECT_FALSE(Json::Parse(text)) << text;
  }
}

TEST(Json, QuotesForARoundTrip) {
  const std::string text = "it's \"x\"\\\n\x01 \u00e9";
  const auto json = Json::Parse(JsonQuote(text));
  ASSERT_TRUE(json);
  EXPECT_EQ(json->text(), text);
}

}  // namespace
}  // namespace kalam::test
