#include "base/memory_budget.h"

#include <cstdint>
#include <list>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace kalam {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

class MemoryBudgetTest : public testing::Test {
 protected:
  void TearDown() override { MemoryBudget::SetCommonLimit(~std::uint64_t{0}); }
};

TEST_F(MemoryBudgetTest, RefusesWhatIsBeyondIt) {
  EXPECT_TRUE(MemoryBudget::Take(1000 * kMiB));  // nobody bounds this thread yet
  const MemoryBudget budget(100 * kMiB);
  EXPECT_TRUE(MemoryBudget::Take(90 * kMiB));
  EXPECT_FALSE(MemoryBudget::Take(90 * kMiB));
  EXPECT_TRUE(budget.exceeded());
  EXPECT_GE(budget.peak_bytes(), 90 * kMiB);
  MemoryBudget::Give(90 * kMiB);
  EXPECT_TRUE(MemoryBudget::Take(90 * kMiB));
  MemoryBudget::Give(1090 * kMiB);
}

TEST_F(MemoryBudgetTest, LeavesSmallThingsToEndTheWorkWith) {
  int interrupts = 0;
  const MemoryBudget budget(10 * kMiB, [&] { ++interrupts; });
  ASSERT_TRUE(MemoryBudget::Take(10 * kMiB));
  EXPECT_FALSE(MemoryBudget::Take(kMiB));
  std::size_t taken = 0;
  while (MemoryBudget::Take(1000)) taken += 1000;
  EXPECT_GE(taken, std::size_t{1000} * 1000);
  EXPECT_LE(taken, 10 * kMiB);
  EXPECT_GT(interrupts, 0);
  EXPECT_TRUE(MemoryBudget::Take(1000));  // for whoever reports it
  MemoryBudget::Give(10 * kMiB + taken + 1000);
}

TEST_F(MemoryBudgetTest, AnInnerBudgetIsWithoutEffect) {
  const MemoryBudget outer(100 * kMiB);
  {
    const MemoryBudget inner(kMiB);
    EXPECT_TRUE(MemoryBudget::Take(50 * kMiB));
  }
  EXPECT_FALSE(MemoryBudget::Take(60 * kMiB));
  MemoryBudget::Give(50 * kMiB);
}

TEST_F(MemoryBudgetTest, IsSilentInAPause) {
  const MemoryBudget budget(10 * kMiB);
  {
    const MemoryBudget::Pause pause;
    EXPECT_TRUE(MemoryBudget::Take(50 * kMiB));
  }
  EXPECT_FALSE(MemoryBudget::Take(kMiB));  // what was taken then is held all the same
  MemoryBudget::Give(50 * kMiB);
}

TEST_F(MemoryBudgetTest, TogetherTheyHaveOneLimitAndTheSmallAreNotToBlame) {
  MemoryBudget::SetCommonLimit(200 * kMiB);
  const MemoryBudget large(500 * kMiB);
  ASSERT_TRUE(MemoryBudget::Take(190 * kMiB));
  std::thread([] {
    const MemoryBudget small(500 * kMiB);
    EXPECT_TRUE(MemoryBudget::Take(20 * kMiB));
    EXPECT_FALSE(MemoryBudget::Take(100 * kMiB));
    EXPECT_TRUE(small.exceeded());
    MemoryBudget::Give(20 * kMiB);
  }).join();
  EXPECT_TRUE(MemoryBudget::Take(5 * kMiB));
  MemoryBudget::Give(195 * kMiB);
}

#if KALAM_TEST_HAS_JEMALLOC
TEST_F(MemoryBudgetTest, CountsOperatorNew) {
  int interrupts = 0;
  const MemoryBudget budget(100 * kMiB, [&] { ++interrupts; });
  std::vector<std::unique_ptr<char[]>> held;
  EXPECT_THROW(
      {
        for (int i = 0; i < 1000; ++i) held.push_back(std::make_unique<char[]>(kMiB));
      },
      std::bad_alloc);
  EXPECT_EQ(interrupts, 1);
  EXPECT_GE(held.size(), 90u);
  EXPECT_LE(held.size(), 100u);
  // What little is needed to take things down is there.
  EXPECT_NO_THROW(std::make_unique<char[]>(100));
  held.clear();
  EXPECT_NO_THROW(std::vector<char>(90 * kMiB));
}

TEST_F(MemoryBudgetTest, EndsALoopThatNoInterruptionEnds) {
  const MemoryBudget budget(50 * kMiB);
  std::list<std::uint64_t> nodes;
  EXPECT_THROW(
      {
        while (nodes.size() < 10'000'000) nodes.push_back(0);
      },
      std::bad_alloc);
}
#endif

}  // namespace
}  // namespace kalam
