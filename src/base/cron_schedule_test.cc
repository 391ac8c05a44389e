#include "base/cron_schedule.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace kalam {
namespace {

constexpr TimestampMicros kMinute = 60'000'000;
constexpr TimestampMicros kDay = 24 * 60 * kMinute;
constexpr TimestampMicros kFriday = 1'761'264'000'000'000;  // 2025-10-24T00:00:00Z

TimestampMicros Next(const char* text, TimestampMicros after) {
  return CronSchedule::Parse(text).value().NextAfter(after).value();
}

TEST(CronSchedule, FindsTheNextMinute) {
  EXPECT_EQ(Next("0 0 * * *", kFriday), kFriday + kDay) << "after, not at";
  EXPECT_EQ(Next("0 0 * * *", kFriday - 1), kFriday);
  EXPECT_EQ(Next("* * * * *", kFriday + 1), kFriday + kMinute);
  EXPECT_EQ(Next("*/15 * * * *", kFriday + 46 * kMinute), kFriday + 60 * kMinute);
  EXPECT_EQ(Next("5,50 3 * * *", kFriday + 3 * 60 * kMinute + 5 * kMinute),
            kFriday + 3 * 60 * kMinute + 50 * kMinute);
  EXPECT_EQ(Next("0 12 * * 1-5", kFriday + kDay), kFriday + 3 * kDay + 12 * 60 * kMinute)
      << "Monday";
  EXPECT_EQ(Next("0 0 * * 0", kFriday), Next("0 0 * * 7", kFriday)) << "Sunday has two numbers";
  EXPECT_EQ(Next("0 0 26 * 6", kFriday), kFriday + kDay) << "either day field suffices";
  EXPECT_EQ(Next("0 0 1 1 *", kFriday), 1'767'225'600'000'000) << "2026-01-01";
  EXPECT_FALSE(CronSchedule::Parse("0 0 31 2 *").value().NextAfter(kFriday));
}

TEST(CronSchedule, SaysWhichFieldIsWrong) {
  for (const char* text :
       {"", "0 0 * *", "60 0 * * *", "0 24 * * *", "0 0 0 * *", "0 0 * 13 *", "0 0 * * 8",
        "a 0 * * *", "0 0 * * * *", "5-1 0 * * *", "*/0 0 * * *", "1, 0 * * *", "-1 0 * * *"}) {
    EXPECT_FALSE(CronSchedule::Parse(text).ok()) << text;
  }
  EXPECT_EQ(CronSchedule::Parse("0 24 * * *").error().message(),
            "hour '24' is no cron field (five are needed)");
}

// What it finds fits, and no minute before it does.
TEST(CronSchedule, SkipsNothing) {
  std::mt19937 random(7);
  const auto pick = [&](int low, int high) {
    return low + static_cast<int>(random() % static_cast<unsigned>(high - low));
  };
  for (int round = 0; round < 200; ++round) {
    const int minute = pick(0, 60), hour = pick(0, 24);
    const std::string text = std::to_string(minute) + " " + std::to_string(hour) + " * * *";
    const TimestampMicros after = kFriday + pick(0, 100'000) * kMinute + pick(0, 1000);
    const TimestampMicros next = Next(text.c_str(), after);
    EXPECT_GT(next, after) << text;
    EXPECT_LE(next - after, kDay) << text;
    EXPECT_EQ(next / kMinute % 60, minute) << text;
    EXPECT_EQ(next / kMinute / 60 % 24, hour) << text;
  }
}

}  // namespace
}  // namespace kalam
