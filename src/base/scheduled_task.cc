#include "base/scheduled_task.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace kalam {

ScheduledTask::ScheduledTask(CronSchedule schedule, const Clock& clock,
                             std::function<void()> task) {
  thread_ = std::thread([this, schedule, &clock, run = std::move(task)] {
    // The wall clock may be set meanwhile: looked at again and again.
    constexpr std::chrono::microseconds kLongestSleep = std::chrono::minutes(1);
    auto next = schedule.NextAfter(clock.NowMicros());
    std::unique_lock lock(mutex_);
    while (!stopping_ && next) {
      const std::chrono::microseconds rest(std::max<TimestampMicros>(0, *next - clock.NowMicros()));
      if (wake_.wait_for(lock, std::min(rest, kLongestSleep), [&] { return stopping_; })) return;
      if (clock.NowMicros() < *next) continue;
      lock.unlock();
      run();
      next = schedule.NextAfter(clock.NowMicros());
      lock.lock();
    }
  });
}

ScheduledTask::~ScheduledTask() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

}  // namespace kalam
