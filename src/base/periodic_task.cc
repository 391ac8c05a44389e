#include "base/periodic_task.h"

#include <utility>

namespace kalam {

PeriodicTask::PeriodicTask(std::chrono::milliseconds pause, std::function<void()> task, First first)
    : thread_([this, pause, task = std::move(task), first] {
        std::unique_lock lock(mutex_);
        auto wait = first == First::kAtOnce ? std::chrono::milliseconds(0) : pause;
        while (!wake_.wait_for(lock, std::exchange(wait, pause), [this] { return stopping_; })) {
          lock.unlock();
          task();
          lock.lock();
        }
      }) {}

PeriodicTask::~PeriodicTask() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

}  // namespace kalam
