#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

namespace kalam {

// A fixed number of threads that run tasks of many owners, who take turns: who has queued a
// thousand tasks delays another's one by a single task of his, not by a thousand. Each owner's
// tasks begin in their order.
//
// Full queue, the owner's or the whole: TryPost refuses, and the caller answers its client at once
// (503). The destructor runs what is queued, then joins. Thread-safe.
class FairWorkerPool {
 public:
  struct Options {
    std::size_t threads = 1;
    // At once, of one owner. Fewer than `threads`: whatever one owner runs, others find a thread.
    std::size_t threads_per_owner = 1;
    std::size_t queue_capacity = 4'096;
    std::size_t queue_capacity_per_owner = 1'024;  // at least 1
    // Of the threads, as nice(2) has it: above 0 they give way to those that must answer quickly.
    int niceness = 0;
  };
  explicit FairWorkerPool(const Options& options);
  ~FairWorkerPool();
  FairWorkerPool(const FairWorkerPool&) = delete;
  FairWorkerPool& operator=(const FairWorkerPool&) = delete;

  // False when there is no room; the task is then untouched by the pool.
  [[nodiscard]] bool TryPost(std::string_view owner, std::function<void()> task);

  // Tasks waiting, not counting those that run.
  std::size_t queued() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kalam
