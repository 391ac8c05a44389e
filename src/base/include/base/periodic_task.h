#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace kalam {

// Calls a function again and again, with a pause between, on a thread of its own. The destructor waits for a running
// call.
class PeriodicTask {
 public:
  enum class First { kAfterPause, kAtOnce };

  PeriodicTask(std::chrono::milliseconds pause, std::function<void()> task, First first = First::kAfterPause);
  ~PeriodicTask();
  PeriodicTask(const PeriodicTask&) = delete;
  PeriodicTask& operator=(const PeriodicTask&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace kalam
