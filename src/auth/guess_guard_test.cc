#include "auth/guess_guard.h"

#include <gtest/gtest.h>

namespace kalam::auth {
namespace {

using std::chrono::seconds;

class GuessGuardTest : public testing::Test {
 protected:
  void Fail(std::string_view name, int times) {
    for (int i = 0; i < times; ++i) guard_.Failed(name, now_);
  }
  GuessGuard guard_{{.free_failures = 3, .max_names = 4}};
  GuessGuard::TimePoint now_{};
};

TEST_F(GuessGuardTest, TheWaitDoublesWithEachFailureAndEnds) {
  Fail("maya", 2);
  EXPECT_EQ(guard_.WaitFor("maya", now_), seconds(0));
  Fail("maya", 1);
  EXPECT_EQ(guard_.WaitFor("maya", now_), seconds(1));
  Fail("maya", 2);
  EXPECT_EQ(guard_.WaitFor("maya", now_), seconds(4));
  EXPECT_EQ(guard_.WaitFor("noah", now_), seconds(0));
  Fail("maya", 100);
  EXPECT_EQ(guard_.WaitFor("maya", now_), seconds(60));
  EXPECT_EQ(guard_.WaitFor("maya", now_ + seconds(60)), seconds(0));
}

TEST_F(GuessGuardTest, SuccessAndTimeForgive) {
  Fail("maya", 3);
  guard_.Succeeded("maya");
  EXPECT_EQ(guard_.WaitFor("maya", now_), seconds(0));
  Fail("maya", 3);
  now_ += seconds(1000);
  Fail("maya", 1);
  EXPECT_EQ(guard_.WaitFor("maya", now_), seconds(0));
}

TEST_F(GuessGuardTest, RemembersABoundedNumberOfNames) {
  for (const char* name : {"a", "b", "c", "d", "e"}) Fail(name, 3);
  EXPECT_EQ(guard_.WaitFor("a", now_), seconds(0));
  EXPECT_EQ(guard_.WaitFor("b", now_), seconds(1));
  EXPECT_EQ(guard_.WaitFor("e", now_), seconds(1));
}

}  // namespace
}  // namespace kalam::auth
