#pragma once

#include <mutex>
#include <shared_mutex>
#include <utility>

namespace kalam {

// State that can't be touched without its lock. Keep what runs inside short: no I/O, no callbacks.
//
//   Guarded<std::map<int, int>> counts;
//   counts.With([](auto& c) { ++c[7]; });
template <typename T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  template <typename F>
  decltype(auto) With(F&& f) {
    std::lock_guard lock(mutex_);
    return std::forward<F>(f)(value_);
  }
  template <typename F>
  decltype(auto) With(F&& f) const {
    std::lock_guard lock(mutex_);
    return std::forward<F>(f)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

// The same for state read by many threads and changed seldom.
template <typename T>
class SharedGuarded {
 public:
  SharedGuarded() = default;
  explicit SharedGuarded(T value) : value_(std::move(value)) {}

  template <typename F>
  decltype(auto) Read(F&& f) const {
    std::shared_lock lock(mutex_);
    return std::forward<F>(f)(value_);
  }
  template <typename F>
  decltype(auto) Write(F&& f) {
    std::lock_guard lock(mutex_);
    return std::forward<F>(f)(value_);
  }

 private:
  mutable std::shared_mutex mutex_;
  T value_;
};

}  // namespace kalam
