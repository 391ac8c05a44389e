#include "deadlines.h"

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace kalam::duck {

struct Deadlines::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::pair<TimePoint, std::uint64_t>, std::function<void()>> watches;
  std::uint64_t next_id = 0;
  bool stopping = false;
  std::thread thread;

  void Run() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      if (watches.empty()) {
        changed.wait(lock);
        continue;
      }
      const auto first = watches.begin();
      if (std::chrono::steady_clock::now() < first->first.first) {
        changed.wait_until(lock, TimePoint(first->first.first));
        continue;
      }
      // Under the lock, so that a Watch that is gone is never called.
      first->second();
      watches.erase(first);
    }
  }
};

Deadlines::Deadlines() : state_(std::make_unique<State>()) {
  state_->thread = std::thread([state = state_.get()] { state->Run(); });
}

Deadlines::~Deadlines() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  state_->thread.join();
}

Deadlines::Watch::Watch(Deadlines& owner, TimePoint deadline, std::function<void()> interrupt)
    : owner_(owner), deadline_(deadline) {
  std::lock_guard lock(owner_.state_->mutex);
  id_ = owner_.state_->next_id++;
  const auto [at, inserted] =
      owner_.state_->watches.emplace(std::pair(deadline, id_), std::move(interrupt));
  if (at == owner_.state_->watches.begin()) owner_.state_->changed.notify_one();
}

Deadlines::Watch::~Watch() {
  std::lock_guard lock(owner_.state_->mutex);
  owner_.state_->watches.erase({deadline_, id_});
}

bool Deadlines::Watch::expired() const { return std::chrono::steady_clock::now() >= deadline_; }

}  // namespace kalam::duck
