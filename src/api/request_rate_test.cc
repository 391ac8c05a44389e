#include "request_rate.h"

#include <gtest/gtest.h>

namespace kalam::api {
namespace {

using std::chrono::seconds;

TEST(RequestRate, IsTheMeanOfTheLastTenWholeSeconds) {
  RequestRate rate;
  EXPECT_EQ(rate.PerSecond(seconds(100)), 0);
  for (int second = 100; second < 110; ++second) {
    for (int i = 0; i < 30; ++i) rate.Count(seconds(second));
  }
  EXPECT_EQ(rate.PerSecond(seconds(110)), 30);
  // The second that is not over does not count yet.
  rate.Count(seconds(110));
  EXPECT_EQ(rate.PerSecond(seconds(110)), 30);
  EXPECT_EQ(rate.PerSecond(seconds(115)), (5 * 30 + 1) / 10.0);
}

TEST(RequestRate, WhatIsOldIsForgotten) {
  RequestRate rate;
  for (int i = 0; i < 500; ++i) rate.Count(seconds(7));
  EXPECT_EQ(rate.PerSecond(seconds(8)), 50);
  EXPECT_EQ(rate.PerSecond(seconds(18)), 0);
  // A slot is used again for another second.
  rate.Count(seconds(7 + RequestRate::kWindow + 2));
  EXPECT_EQ(rate.PerSecond(seconds(7 + RequestRate::kWindow + 3)), 0.1);
}

}  // namespace
}  // namespace kalam::api
