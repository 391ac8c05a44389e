#pragma once

#include <atomic>
#include <functional>
#include <mutex>

namespace kalam::duck {

// A client's wish to stop: set from one thread (its connection's loop), noticed by the query on another.
// Thread-safe.
class Cancellation {
 public:
  void Cancel() {
    std::lock_guard lock(mutex_);
    cancelled_ = true;
    if (interrupt_) interrupt_();
  }
  bool cancelled() const { return cancelled_; }

  // While a query runs it can be interrupted by `interrupt`; null when it ended. Calls it at once if
  // the client is gone already.
  void SetInterrupt(std::function<void()> interrupt) {
    std::lock_guard lock(mutex_);
    interrupt_ = std::move(interrupt);
    if (cancelled_ && interrupt_) interrupt_();
  }

 private:
  std::mutex mutex_;
  std::function<void()> interrupt_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace kalam::duck
