#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace kalam::api {

// How many requests a second there were lately: the mean of the last ten whole seconds, for /health. One thread counts
// (each event loop has its own), any thread reads; a reader beside a writer may miss what is just being counted.
class RequestRate {
 public:
  using Seconds = std::chrono::seconds;

  static constexpr int kWindow = 10;

  // `now` since any fixed moment; it may stand still but not go back.
  void Count(Seconds now) {
    Slot& slot = slots_[static_cast<std::size_t>(now.count()) % slots_.size()];
    if (slot.second.load(std::memory_order_relaxed) != now.count()) {
      slot.count.store(0, std::memory_order_relaxed);
      slot.second.store(now.count(), std::memory_order_relaxed);
    }
    // Only one thread writes, so this needs no read-modify-write.
    slot.count.store(slot.count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  double PerSecond(Seconds now) const {
    std::uint64_t sum = 0;
    for (const Slot& slot : slots_) {
      const std::int64_t age = now.count() - slot.second.load(std::memory_order_relaxed);
      if (age >= 1 && age <= kWindow) sum += slot.count.load(std::memory_order_relaxed);
    }
    return static_cast<double>(sum) / kWindow;
  }

 private:
  struct Slot {
    std::atomic<std::int64_t> second{-1'000'000};
    std::atomic<std::uint64_t> count{0};
  };
  std::array<Slot, kWindow + 2> slots_;
};

}  // namespace kalam::api
