#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace kalam::net {

// One thread and the connections that live on it. Everything of a connection happens on its loop's
// thread, so handlers need no locks among themselves; in return they must never block.
//
// The loop works in rounds: it waits for events, runs what is ready (at most kMaxRoundHandlers
// handlers, so that a busy loop still gets to its hook), then calls the round hook once. Work that
// is cheaper in bulk collects during the round and is done by the hook.
class EventLoop {
 public:
  static constexpr int kMaxRoundHandlers = 256;

  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs `task` on the loop's thread, soon and in the order of posting. From any thread. A burst of
  // posts costs one wake-up. False, and `task` is dropped, once the loop has been stopped. Tasks
  // posted before Start run after it.
  bool Post(std::function<void()> task);

  // True on the loop's own thread.
  bool InLoop() const;

  // Called after every round, on the loop's thread, and again after the tasks that it posted, which
  // run at once. What it answers belongs to the next round. Set it before Start or from the loop's
  // thread. An empty function removes it.
  void SetRoundHook(std::function<void()> hook);

  struct Impl;  // asio lives in here; for the sources of this module only
  Impl& impl() { return *impl_; }

 private:
  friend class EventLoopGroup;
  void Start(std::size_t index);
  void Stop();  // from another thread; waits for the current round to end

  std::unique_ptr<Impl> impl_;
};

// A fixed number of loops, one thread each. Owned by the composition root; outlives every server,
// connection and exchange on its loops. Start and Stop are called by one thread, the owner's.
class EventLoopGroup {
 public:
  explicit EventLoopGroup(std::size_t count);  // count >= 1
  ~EventLoopGroup();                           // stops

  void Start();
  // Joins the threads. Tasks that were posted and not yet run are dropped: drain servers first.
  // Stopping twice is harmless; a stopped group can't be started again.
  void Stop();

  std::size_t size() const { return loops_.size(); }
  EventLoop& loop(std::size_t index) { return *loops_[index]; }

 private:
  std::vector<std::unique_ptr<EventLoop>> loops_;
};

}  // namespace kalam::net
