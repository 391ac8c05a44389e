#include "auth/password.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <string>

#include <gtest/gtest.h>

namespace kalam::auth {
namespace {

// Of the processor, the least of three.
std::chrono::nanoseconds TimeToVerify(const std::string& hash) {
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  };
  auto least = std::chrono::nanoseconds::max();
  for (int i = 0; i < 3; ++i) {
    const auto began = now();
    EXPECT_FALSE(VerifyPassword("wrong", hash));
    least = std::min(least, now() - began);
  }
  return least;
}

TEST(Password, OnlyTheSameOneVerifies) {
  const std::string hash = HashPassword("correct horse").value();
  EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << hash;
  EXPECT_TRUE(VerifyPassword("correct horse", hash));
  EXPECT_FALSE(VerifyPassword("correct horsE", hash));
  EXPECT_FALSE(VerifyPassword("", hash));
  EXPECT_NE(HashPassword("correct horse").value(), hash) << "each hash has a salt of its own";
}

TEST(Password, NothingVerifiesAgainstNoHash) {
  for (const char* hash : {"", "x", "$argon2id$v=19$m=19456", "$2b$12$abcdefghijklmnopqrstuv"}) {
    EXPECT_FALSE(VerifyPassword("nobody's password", hash)) << hash;
  }
}

TEST(Password, ItTakesAsLongToFindThatThereIsNone) {
  EXPECT_GT(TimeToVerify(""), TimeToVerify(HashPassword("correct horse").value()) / 3);
}

TEST(Password, LengthIsInCharacters) {
  EXPECT_TRUE(CheckPassword("12345678", {}).ok());
  EXPECT_TRUE(
      CheckPassword("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", {}).ok());
  EXPECT_TRUE(CheckPassword(std::string(72, 'x'), {}).ok());
  for (const std::string& bad : {std::string("1234567"), std::string(73, 'x'), std::string()}) {
    EXPECT_EQ(CheckPassword(bad, {}).error().message(), "Password must have 8 to 72 characters");
  }
}

}  // namespace
}  // namespace kalam::auth
