#include "net/event_loop.h"

#include "gtest/gtest.h"

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

namespace kalam::net {
namespace {

TEST(EventLoopTest, RunsPostedTasksInOrderOnItsOwnThread) {
  EventLoopGroup loops(1);
  std::vector<int> order;
  std::promise<std::thread::id> last;
  for (int i = 0; i < 100; ++i) loops.loop(0).Post([&, i] { order.push_back(i); });  // before Start
  loops.Start();
  loops.loop(0).Post([&] { last.set_value(std::this_thread::get_id()); });
  EXPECT_NE(last.get_future().get(), std::this_thread::get_id());
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order.at(i), i);
}

TEST(EventLoopTest, KnowsItsOwnThread) {
  EventLoopGroup loops(2);
  loops.Start();
  std::promise<std::pair<bool, bool>> seen;
  loops.loop(0).Post([&] { seen.set_value({loops.loop(0).InLoop(), loops.loop(1).InLoop()}); });
  EXPECT_EQ(seen.get_future().get(), std::pair(true, false));
  EXPECT_FALSE(loops.loop(0).InLoop());
}

TEST(EventLoopTest, CallsTheHookOnceAfterEveryRound) {
  EventLoopGroup loops(1);
  EventLoop& loop = loops.loop(0);
  int hooks = 0;
  int tasks = 0;
  std::promise<std::pair<int, int>> after_first_round;
  loop.SetRoundHook([&] {
    if (++hooks == 1) after_first_round.set_value({hooks, tasks});
  });
  for (int i = 0; i < 10; ++i) loop.Post([&] { ++tasks; });
  loops.Start();
  EXPECT_EQ(after_first_round.get_future().get(), std::pair(1, 10));
}

TEST(EventLoopTest, AHookThatPostsGetsAnotherRound) {
  EventLoopGroup loops(1);
  EventLoop& loop = loops.loop(0);
  int rounds = 0;
  std::promise<void> third;
  loop.SetRoundHook([&] {
    if (++rounds < 3) loop.Post([] {});
    if (rounds == 3) third.set_value();
  });
  loops.Start();
  loop.Post([] {});
  third.get_future().wait();
}

TEST(EventLoopTest, SurvivesATaskThatThrows) {
  EventLoopGroup loops(1);
  loops.Start();
  std::promise<void> next;
  loops.loop(0).Post([] { throw std::runtime_error("boom"); });
  loops.loop(0).Post([&] { next.set_value(); });
  next.get_future().wait();
}

TEST(EventLoopTest, RefusesTasksOnceStopped) {
  EventLoopGroup loops(1);
  loops.Start();
  loops.Stop();
  loops.Stop();
  EXPECT_FALSE(loops.loop(0).Post([] {}));
}

TEST(EventLoopTest, LosesNoTaskOfManyPostingThreads) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 20'000;
  EventLoopGroup loops(1);
  loops.Start();
  int ran = 0;  // only the loop's thread touches it
  std::promise<void> all;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kTasks; ++i) {
        loops.loop(0).Post([&] {
          if (++ran == kThreads * kTasks) all.set_value();
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  all.get_future().wait();
}

}  // namespace
}  // namespace kalam::net
