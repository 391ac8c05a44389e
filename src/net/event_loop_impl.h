#pragma once

#include "net/event_loop.h"

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>

namespace kalam::net {

// The inside of an EventLoop, for the sources of this module.
struct EventLoop::Impl {
  explicit Impl(EventLoop& face) : loop(face) {}

  void Run();
  void RunHook();
  void RunRoundEnd();
  void RunPosted();

  // Tells the loop, on its thread, that work has begun which may wait for the hook. Begun inside
  // the hook, as a pipelined request is by the answer to the one before it, it would otherwise wait
  // for the next event.
  void WorkBegun() { round_wanted |= in_hook; }

  // Runs `task` once, after the hook of this round; on the loop. What is registered by such a task
  // is for the next round, which then does not wait for an event.
  void AtRoundEnd(std::function<void()> task) { round_end.push_back(std::move(task)); }

  // Runs `task` on the loop's thread and waits for it, or right here if no thread runs the loop (it
  // has not started, or has stopped) or this is its thread.
  void RunAndWait(const std::function<void()>& task);

  EventLoop& loop;
  boost::asio::io_context io{1};  // one thread will run it
  std::function<void()> round_hook;
  std::vector<std::function<void()>> round_end;
  // Tasks that the hook posts run right after it: an answer to what the hook has synced does not wait for the loop to
  // ask for events first.
  bool takes_posts = false;
  bool has_taken_posts = false;
  bool in_hook = false;         // or in what runs after it
  bool round_wanted = false;  // the next round does not wait for an event
  std::thread thread;

  std::mutex mutex;                           // guards what follows
  std::vector<std::function<void()>> posted;  // waiting for the next RunPosted
  bool wake_up_scheduled = false;             // a RunPosted is on its way
  bool stopped = false;
};

}  // namespace kalam::net
