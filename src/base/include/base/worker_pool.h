#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace kalam {

// A fixed number of threads that run tasks from one bounded queue, first in first out.
//
// Full queue: TryPost refuses, and the caller answers its client at once (503) instead of letting
// work pile up. The destructor runs what is queued, then joins. Thread-safe.
class WorkerPool {
 public:
  WorkerPool(std::size_t threads, std::size_t queue_capacity);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False when the queue is full; the task is then untouched by the pool.
  [[nodiscard]] bool TryPost(std::function<void()> task);

  // Tasks waiting, not counting those that run.
  std::size_t queued() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kalam
