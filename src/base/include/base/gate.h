#pragma once

#include <condition_variable>
#include <mutex>

namespace kalam {

// "Take no new work, wait for what runs." Work enters with TryEnter and leaves with Leave; Close
// refuses newcomers and returns once the last one has left. Thread-safe.
class Gate {
 public:
  // False once the gate is closed: the caller must not start.
  bool TryEnter() {
    std::lock_guard lock(mutex_);
    if (closed_) return false;
    ++inside_;
    return true;
  }
  void Leave() {
    std::lock_guard lock(mutex_);
    if (--inside_ == 0) empty_.notify_all();
  }
  void Close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    empty_.wait(lock, [this] { return inside_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable empty_;
  int inside_ = 0;
  bool closed_ = false;
};

}  // namespace kalam
