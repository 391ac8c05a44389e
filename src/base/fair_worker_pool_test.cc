#include "base/fair_worker_pool.h"

#include <atomic>
#include <latch>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace kalam {
namespace {

// Keeps one thread of a pool until it is opened.
class Door {
 public:
  std::function<void()> Task() {
    return [this] {
      entered_.count_down();
      open_.wait();
    };
  }
  void AwaitEntered() { entered_.wait(); }
  void Open() { open_.count_down(); }

 private:
  std::latch entered_{1}, open_{1};
};

TEST(FairWorkerPool, RunsEveryAcceptedTaskBeforeItIsGone) {
  std::atomic<int> ran = 0;
  {
    FairWorkerPool pool({.threads = 3, .threads_per_owner = 1});
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(pool.TryPost(std::to_string(i % 7), [&] { ++ran; }));
  }
  EXPECT_EQ(ran, 300);
}

TEST(FairWorkerPool, OwnersTakeTurnsAndKeepTheirOwnOrder) {
  std::vector<std::string> order;  // one thread
  {
    Door door;
    FairWorkerPool pool({.threads = 1, .threads_per_owner = 1});
    ASSERT_TRUE(pool.TryPost("busy", door.Task()));
    door.AwaitEntered();
    for (int i = 1; i <= 3; ++i)
      ASSERT_TRUE(pool.TryPost("busy", [&, i] { order.push_back("busy" + std::to_string(i)); }));
    for (int i = 1; i <= 2; ++i)
      ASSERT_TRUE(pool.TryPost("late", [&, i] { order.push_back("late" + std::to_string(i)); }));
    door.Open();
  }
  EXPECT_EQ(order, (std::vector<std::string>{"late1", "busy1", "late2", "busy2", "busy3"}));
}

TEST(FairWorkerPool, AnOwnerLeavesAThreadToOthers) {
  Door first, second;
  std::latch other_ran(1);
  FairWorkerPool pool({.threads = 2, .threads_per_owner = 1});
  ASSERT_TRUE(pool.TryPost("busy", first.Task()));
  first.AwaitEntered();
  ASSERT_TRUE(pool.TryPost("busy", second.Task()));
  ASSERT_TRUE(pool.TryPost("other", [&] { other_ran.count_down(); }));
  other_ran.wait();
  EXPECT_EQ(pool.queued(), 1u);
  first.Open();
  second.AwaitEntered();
  second.Open();
}

TEST(FairWorkerPool, RefusesWhatAnOwnerOrAllHaveTooMuchOf) {
  Door door;
  FairWorkerPool pool(
      {.threads = 1, .threads_per_owner = 1, .queue_capacity = 3, .queue_capacity_per_owner = 2});
  ASSERT_TRUE(pool.TryPost("a", door.Task()));
  door.AwaitEntered();
  EXPECT_TRUE(pool.TryPost("a", [] {}));
  EXPECT_TRUE(pool.TryPost("a", [] {}));
  EXPECT_FALSE(pool.TryPost("a", [] {}));
  EXPECT_TRUE(pool.TryPost("b", [] {}));
  EXPECT_FALSE(pool.TryPost("c", [] {}));
  door.Open();
}

}  // namespace
}  // namespace kalam
