#include "base/periodic_task.h"

namespace kalam {

PeriodicTask::PeriodicTask(std::chrono::milliseconds pause, std::function<void()> task)
    : thread_([this, pause, task = std::move(task)] {
        std::unique_lock lock(mutex_);
        while (!wake_.wait_for(lock, pause, [this] { return stopping_; })) {
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
