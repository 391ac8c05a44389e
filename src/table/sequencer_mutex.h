#pragma once

#include <mutex>

namespace kalam::table {

// A mutex for sections of a few microseconds: spins for about as long as such a section takes before it
// lets the kernel put the thread to sleep, which costs more than the section.
class SequencerMutex {
 public:
  void lock() {
    for (int i = 0; i < kSpins; ++i) {
      if (mutex_.try_lock()) return;
      __builtin_ia32_pause();
    }
    mutex_.lock();
  }
  void unlock() { mutex_.unlock(); }

 private:
  static constexpr int kSpins = 100;
  std::mutex mutex_;
};

}  // namespace kalam::table
