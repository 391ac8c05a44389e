#pragma once

#include "base/clock.h"
#include "base/cron_schedule.h"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace kalam {

// Calls a function whenever a schedule says so, on a thread of its own. The destructor waits for a
// running call.
class ScheduledTask {
 public:
  // `clock` must outlive it.
  ScheduledTask(CronSchedule schedule, const Clock& clock, std::function<void()> task);
  ~ScheduledTask();
  ScheduledTask(const ScheduledTask&) = delete;
  ScheduledTask& operator=(const ScheduledTask&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace kalam
