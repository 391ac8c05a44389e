#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace kalam::auth {

// Slows down guessing: who fails too often must wait, longer each time. Counts by name (an account, an address),
// for a bounded number of names: the ones that failed longest ago are forgotten first. Thread-safe.
class GuessGuard {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Options {
    int free_failures = 5;                          // without a wait
    std::chrono::seconds first_wait{1};             // doubled for each failure more
    std::chrono::seconds longest_wait{60};
    std::chrono::seconds forget_after{900};         // without a failure
    std::size_t max_names = 10'000;
  };
  explicit GuessGuard(Options options) : options_(options) {}

  // How long `name` must wait before another attempt; zero: none.
  std::chrono::seconds WaitFor(std::string_view name, TimePoint now);
  void Failed(std::string_view name, TimePoint now);
  void Succeeded(std::string_view name);

 private:
  struct Entry {
    std::string name;
    int failures = 0;
    TimePoint last;
  };
  std::chrono::seconds WaitAfter(int failures) const;

  const Options options_;
  std::mutex mutex_;
  std::list<Entry> by_time_;  // guarded by mutex_, as the next; latest failure first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_name_;
};

}  // namespace kalam::auth
