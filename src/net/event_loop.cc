#include "net/event_loop.h"

#include "base/check.h"
#include "base/log.h"
#include "event_loop_impl.h"

#include <exception>
#include <future>
#include <string>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <pthread.h>

namespace kalam::net {
namespace {

thread_local const EventLoop* current_loop = nullptr;

// A task's exception must not take the other connections of the loop down.
template <typename Task>
void RunGuarded(const Task& task) {
  try {
    task();
  } catch (const std::exception& e) {
    log::Error("net", std::string("exception in an event loop: ") + e.what());
  } catch (...) {
    log::Error("net", "unknown exception in an event loop");
  }
}

}  // namespace

void EventLoop::Impl::Run() {
  current_loop = &loop;
  const auto work = boost::asio::make_work_guard(io);
  while (!io.stopped()) {
    RunGuarded([this] {
      if (!std::exchange(round_wanted, false)) io.run_one();
      for (int ran = 1; ran < kMaxRoundHandlers && io.poll_one() > 0; ++ran) {
      }
    });
    if (round_hook) {
      takes_posts = true;
      RunHook();
      takes_posts = false;
      if (std::exchange(has_taken_posts, false)) {
        RunPosted();
        RunHook();  // for what the tasks began
      }
    }
    if (!round_end.empty()) RunRoundEnd();
  }
  current_loop = nullptr;
}

void EventLoop::Impl::RunHook() {
  in_hook = true;
  RunGuarded(round_hook);
  in_hook = false;
}

void EventLoop::Impl::RunRoundEnd() {
  std::vector<std::function<void()>> tasks;
  tasks.swap(round_end);
  in_hook = true;
  for (const auto& task : tasks) RunGuarded(task);
  in_hook = false;
  round_wanted |= !round_end.empty();
}

void EventLoop::Impl::RunPosted() {
  std::vector<std::function<void()>> tasks;
  {
    std::lock_guard lock(mutex);
    tasks.swap(posted);
    wake_up_scheduled = false;
  }
  for (const auto& task : tasks) RunGuarded(task);
}

void EventLoop::Impl::RunAndWait(const std::function<void()>& task) {
  if (!thread.joinable() || loop.InLoop()) return task();
  const auto done = std::make_shared<std::promise<void>>();
  loop.Post([&task, done] {
    task();
    done->set_value();
  });
  done->get_future().wait();
}

EventLoop::EventLoop() : impl_(std::make_unique<Impl>(*this)) {}
EventLoop::~EventLoop() { Stop(); }

bool EventLoop::Post(std::function<void()> task) {
  {
    std::lock_guard lock(impl_->mutex);
    if (impl_->stopped) return false;
    impl_->posted.push_back(std::move(task));
    if (impl_->wake_up_scheduled) return true;
    impl_->wake_up_scheduled = true;
  }
  if (InLoop() && impl_->takes_posts) {
    impl_->has_taken_posts = true;
    return true;
  }
  boost::asio::post(impl_->io, [impl = impl_.get()] { impl->RunPosted(); });
  return true;
}

bool EventLoop::InLoop() const { return current_loop == this; }

void EventLoop::SetRoundHook(std::function<void()> hook) { impl_->round_hook = std::move(hook); }

void EventLoop::Start(std::size_t index) {
  impl_->thread = std::thread([this] { impl_->Run(); });
  pthread_setname_np(impl_->thread.native_handle(), ("io-" + std::to_string(index)).c_str());
}

void EventLoop::Stop() {
  std::vector<std::function<void()>> dropped;
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stopped = true;
  }
  impl_->io.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
  std::lock_guard lock(impl_->mutex);
  dropped.swap(impl_->posted);
}

EventLoopGroup::EventLoopGroup(std::size_t count) {
  KALAM_CHECK(count >= 1, "a group has at least one loop");
  for (std::size_t i = 0; i < count; ++i) loops_.push_back(std::make_unique<EventLoop>());
}

EventLoopGroup::~EventLoopGroup() { Stop(); }

void EventLoopGroup::Start() {
  for (std::size_t i = 0; i < loops_.size(); ++i) loops_[i]->Start(i);
}

void EventLoopGroup::Stop() {
  for (const auto& loop : loops_) loop->Stop();
}

}  // namespace kalam::net
