#include "token.h"

#include <gtest/gtest.h>

namespace kalam::bench {
namespace {

// The expected text was made with another implementation (Python's hmac and base64).
TEST(SignToken, SignsTheClaimsWithHs256) {
  const std::chrono::system_clock::time_point now{std::chrono::seconds(1'700'000'000)};
  EXPECT_EQ(SignToken("secret", "bench-000001", now),
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJiZW5jaC0wMDAwMDEiLCJ1c2VyX2lkIjo"
            "iYmVuY2gtMDAwMDAxIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwODY0MDAsInJvbGVzIjpbInV"
            "zZXIiXX0.Gb_AegBYKDmWI4VXgHnKafDBbngloReYT87FYYZQ8zs");
}

}  // namespace
}  // namespace kalam::bench
