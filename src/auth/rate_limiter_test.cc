#include "auth/rate_limiter.h"

#include <gtest/gtest.h>

namespace kalam::auth {
namespace {

TEST(RateLimiter, GrantsABurstAndThenItsRate) {
  RateLimiter limiter(10);
  RateLimiter::TimePoint now{};
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(limiter.Allow("maya", now));
  EXPECT_FALSE(limiter.Allow("maya", now));
  EXPECT_TRUE(limiter.Allow("noah", now));
  now += std::chrono::milliseconds(250);
  EXPECT_TRUE(limiter.Allow("maya", now));
  EXPECT_TRUE(limiter.Allow("maya", now));
  EXPECT_FALSE(limiter.Allow("maya", now));
}

TEST(RateLimiter, ZeroIsNoLimit) {
  RateLimiter limiter(0);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(limiter.Allow("maya", {}));
}

}  // namespace
}  // namespace kalam::auth
