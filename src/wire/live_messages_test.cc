#include "wire/live_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace kalam::wire {
namespace {

using testing::HasSubstr;

std::string Why(std::string_view text) {
  const auto message = ParseClientMessage(text);
  return message.ok() ? "accepted" : message.error().message();
}

TEST(LiveMessagesTest, SubscribeInAllItsForms) {
  for (const char* text :
       {R"({"subscriptions":[{"id":"s","sql":"SELECT 1","options":{"last_rows":5}}]})",
        R"({"type":"subscribe","subscriptions":[{"query_id":"s","sql":"SELECT 1","options":{"last_rows":5}}]})",
        R"({"type":"subscribe","id":"s","sql":"SELECT 1","options":{"last_rows":5}})",
        R"({"type":"subscribe","subscription":{"id":"s","sql":"SELECT 1","options":{"last_rows":5}}})"}) {
    const auto message = ParseClientMessage(text);
    ASSERT_TRUE(message.ok()) << text << message.error().message();
    const auto& subscribe = std::get<Subscribe>(*message);
    ASSERT_EQ(subscribe.requests.size(), 1u);
    EXPECT_EQ(subscribe.requests[0].id, "s");
    EXPECT_EQ(subscribe.requests[0].sql, "SELECT 1");
    EXPECT_EQ(subscribe.requests[0].options.last_rows, 5);
    EXPECT_FALSE(subscribe.requests[0].invalid_option);
  }
}

TEST(LiveMessagesTest, OptionsAreCheckedOneByOne) {
  const auto options = [](std::string_view json) {
    auto message = ParseClientMessage(R"({"id":"s","sql":"x","options":)" + std::string(json) + "}");
    EXPECT_TRUE(message.ok()) << json;
    return std::get<Subscribe>(*std::move(message)).requests.at(0);
  };
  const auto all = options(R"({"from_seq":9223372036854775809,"buffer_size":7,"expiry":true,"int64_as_string":true})");
  EXPECT_FALSE(all.invalid_option);
  EXPECT_EQ(all.options.from_seq, Seq(9223372036854775809u));
  EXPECT_EQ(all.options.ToJson(),
            R"({"last_rows":0,"buffer_size":7,"from_seq":9223372036854775809,"expiry":true,"int64_as_string":true})");
  EXPECT_EQ(options(R"({"from_seq":"123"})").options.from_seq, Seq(123));
  for (const char* wrong :
       {R"({"last_rows":10001})", R"({"last_rows":-1})", R"({"last_rows":1.5})", R"({"last_rows":"5"})",
        R"({"buffer_size":0})", R"({"snapshot":1})", R"({"from_seq":-1})", R"({"from_seq":"1x"})", R"({"rows":1})",
        R"([])", R"({"snapshot":true,"last_rows":1})", R"({"from_seq":1,"snapshot":true})"}) {
    EXPECT_TRUE(options(wrong).invalid_option) << wrong;
  }
}

TEST(LiveMessagesTest, TheOtherMessages) {
  EXPECT_EQ(std::get<Authenticate>(*ParseClientMessage(R"({"type":"authenticate","token":"t"})")).token, "t");
  EXPECT_EQ(std::get<Unsubscribe>(*ParseClientMessage(R"({"type":"unsubscribe","id":"a"})")).ids,
            std::vector<std::string>{"a"});
  EXPECT_EQ(std::get<Unsubscribe>(*ParseClientMessage(R"({"type":"unsubscribe","query_ids":["a","b"]})")).ids.size(),
            2u);
  EXPECT_TRUE(std::holds_alternative<Ping>(*ParseClientMessage(R"({"type":"ping"})")));
}

TEST(LiveMessagesTest, WhatIsNoMessageIsRefused) {
  EXPECT_THAT(Why(""), HasSubstr("JSON"));
  EXPECT_THAT(Why("{"), HasSubstr("JSON"));
  EXPECT_THAT(Why("{} {}"), HasSubstr("JSON"));
  EXPECT_THAT(Why("[]"), HasSubstr("object"));
  EXPECT_THAT(Why("{\"type\":\"subscribe\",\"id\":\"\xff\"}"), HasSubstr("UTF"));
  EXPECT_THAT(Why(R"({"type":"dance"})"), HasSubstr("dance"));
  EXPECT_THAT(Why(R"({"subscriptions":[]})"), HasSubstr("empty"));
  EXPECT_THAT(Why(R"({"subscriptions":[{"sql":"x"}]})"), HasSubstr("'id'"));
  EXPECT_THAT(Why(R"({"subscriptions":[{"id":"x"}]})"), HasSubstr("'sql'"));
  EXPECT_THAT(Why(R"({"id":"a","query_id":"b","sql":"x"})"), HasSubstr("twice"));
  EXPECT_THAT(Why(R"({"id":")" + std::string(129, 'x') + R"(","sql":"x"})"), HasSubstr("128"));
  EXPECT_NE(Why(std::string(10'000, '[')), "accepted");
}

// Bytes changed, cut and repeated at random: an answer or a refusal, never anything else.
TEST(LiveMessagesTest, BrokenMessagesAreRefusedAndNothingElse) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string whole =
      R"({"type":"subscribe","subscriptions":[{"id":"s-1","sql":"SELECT \u00e4",)"
      R"("options":{"last_rows":5,"from_seq":"7"}}]})";
  for (int i = 0; i < 20'000; ++i) {
    std::string text = whole;
    for (int edits = 1 + static_cast<int>(random() % 4); edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0: text[at] = static_cast<char>(random()); break;
        case 1: text.erase(at, 1 + random() % 8); break;
        default: text.insert(at, text.substr(random() % text.size(), random() % 16));
      }
      if (text.empty()) text = "{";
    }
    (void)ParseClientMessage(text).ok();
  }
}

TEST(LiveMessagesTest, ChangesAreAHeadAndATail) {
  std::string out;
  AppendChangeHead(out, "sub-1");
  AppendChangeTail(out, ChangeKind::kUpdate, Seq(9), R"({"id":1})", R"({"id":2})", false);
  EXPECT_EQ(out, R"({"type":"change","subscription_id":"sub-1","change_type":"update","seq":9,"rows":[{"id":1}],)"
                 R"("old_values":[{"id":2}]})");
  out.clear();
  AppendChangeTail(out, ChangeKind::kLeftFilter, Seq(9), "{}", "{}", true);
  EXPECT_EQ(out, R"(,"change_type":"delete","seq":"9","rows":[{}],"old_values":[{}],"reason":"filter"})");
}

}  // namespace
}  // namespace kalam::wire
