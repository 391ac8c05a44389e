#include "base/fair_worker_pool.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace kalam {

struct FairWorkerPool::State {
  struct Owner {
    std::deque<std::function<void()>> waiting;
    std::size_t running = 0;
    bool has_turn = false;  // is in `turns`
  };
  using Owners = std::unordered_map<std::string, Owner>;

  explicit State(const Options& o) : options(o) {}

  void GiveTurn(Owners::value_type& entry) {
    Owner& owner = entry.second;
    if (owner.has_turn || owner.waiting.empty() || owner.running >= options.threads_per_owner)
      return;
    owner.has_turn = true;
    turns.push_back(&entry);
  }

  void Run() {
    // Of this thread alone on Linux; if it is refused, the thread is as good as the others.
    if (options.niceness != 0)
      (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), options.niceness);
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock, [this] { return !turns.empty() || (stopping && queued == 0); });
      if (turns.empty()) return;
      Owners::value_type& entry = *turns.front();
      turns.pop_front();
      Owner& owner = entry.second;
      owner.has_turn = false;
      auto task = std::move(owner.waiting.front());
      owner.waiting.pop_front();
      ++owner.running;
      if (--queued == 0 && stopping) wake.notify_all();
      GiveTurn(entry);
      lock.unlock();
      task();
      task = nullptr;  // what it captured is released outside the lock
      lock.lock();
      --owner.running;
      GiveTurn(entry);  // this thread is free for it
      if (owner.running == 0 && owner.waiting.empty()) owners.erase(entry.first);
    }
  }

  const Options options;
  mutable std::mutex mutex;
  std::condition_variable wake;
  Owners owners;                          // those with tasks, waiting or running
  std::deque<Owners::value_type*> turns;  // who is next
  std::size_t queued = 0;
  bool stopping = false;
  std::vector<std::thread> threads;
};

FairWorkerPool::FairWorkerPool(const Options& options) : state_(std::make_unique<State>(options)) {
  for (std::size_t i = 0; i < options.threads; ++i) {
    state_->threads.emplace_back([state = state_.get()] { state->Run(); });
  }
}

FairWorkerPool::~FairWorkerPool() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  for (auto& thread : state_->threads) thread.join();
}

bool FairWorkerPool::TryPost(std::string_view owner, std::function<void()> task) {
  {
    std::lock_guard lock(state_->mutex);
    const Options& options = state_->options;
    if (state_->stopping || state_->queued >= options.queue_capacity) return false;
    auto& entry = *state_->owners.try_emplace(std::string(owner)).first;
    if (entry.second.waiting.size() >= options.queue_capacity_per_owner) return false;
    entry.second.waiting.push_back(std::move(task));
    ++state_->queued;
    state_->GiveTurn(entry);
  }
  state_->wake.notify_one();
  return true;
}

std::size_t FairWorkerPool::queued() const {
  std::lock_guard lock(state_->mutex);
  return state_->queued;
}

}  // namespace kalam
