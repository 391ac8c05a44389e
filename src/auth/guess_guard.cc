#include "auth/guess_guard.h"

#include <algorithm>

namespace kalam::auth {

std::chrono::seconds GuessGuard::WaitAfter(int failures) const {
  const int over = failures - options_.free_failures;
  if (over < 0) return std::chrono::seconds(0);
  return std::min(options_.longest_wait, options_.first_wait * (1 << std::min(over, 16)));
}

std::chrono::seconds GuessGuard::WaitFor(std::string_view name, TimePoint now) {
  std::lock_guard lock(mutex_);
  const auto it = by_name_.find(name);
  if (it == by_name_.end()) return std::chrono::seconds(0);
  const auto until = it->second->last + WaitAfter(it->second->failures);
  if (until <= now) return std::chrono::seconds(0);
  return std::chrono::ceil<std::chrono::seconds>(until - now);
}

void GuessGuard::Failed(std::string_view name, TimePoint now) {
  std::lock_guard lock(mutex_);
  const auto it = by_name_.find(name);
  if (it != by_name_.end()) {
    by_time_.splice(by_time_.begin(), by_time_, it->second);
    if (now - it->second->last > options_.forget_after) it->second->failures = 0;
  } else {
    if (by_time_.size() >= options_.max_names) {
      by_name_.erase(by_time_.back().name);
      by_time_.pop_back();
    }
    by_time_.push_front({std::string(name), 0, now});
    by_name_.emplace(by_time_.front().name, by_time_.begin());
  }
  ++by_time_.front().failures;
  by_time_.front().last = now;
}

void GuessGuard::Succeeded(std::string_view name) {
  std::lock_guard lock(mutex_);
  const auto it = by_name_.find(name);
  if (it == by_name_.end()) return;
  const auto entry = it->second;
  by_name_.erase(it);
  by_time_.erase(entry);
}

}  // namespace kalam::auth
