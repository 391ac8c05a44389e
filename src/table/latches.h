#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>
#include <vector>

namespace kalam::table {

// Locks for row keys, a fixed number of stripes picked by hash. Whoever needs several takes them all at
// once in ascending order, so that no two can wait for each other.
class Latches {
 public:
  static constexpr std::size_t kStripes = 1024;
  using Stripe = std::uint16_t;

  static Stripe StripeOf(std::string_view partition, std::string_view key) {
    const std::hash<std::string_view> hash;
    const std::uint64_t mixed = (hash(partition) * 0x9E3779B97F4A7C15ull) ^ hash(key);
    return static_cast<Stripe>((mixed ^ (mixed >> 32)) % kStripes);
  }

  // `stripes` sorted, without repetition.
  void Lock(const std::vector<Stripe>& stripes) {
    for (const Stripe stripe : stripes) stripes_[stripe].lock();
  }
  // False when one of them is taken; none is held then.
  bool TryLock(const std::vector<Stripe>& stripes) {
    for (std::size_t i = 0; i < stripes.size(); ++i) {
      if (stripes_[stripes[i]].try_lock()) continue;
      while (i > 0) stripes_[stripes[--i]].unlock();
      return false;
    }
    return true;
  }
  // From the last to the first: who waits for several waits for the first common one, and finds the others free
  // when it wakes. In the other order it would go back to sleep at each.
  void Unlock(const std::vector<Stripe>& stripes) {
    for (auto stripe = stripes.rbegin(); stripe != stripes.rend(); ++stripe) stripes_[*stripe].unlock();
  }

 private:
  std::array<std::mutex, kStripes> stripes_;
};

// Holds stripes for a scope.
class LatchGuard {
 public:
  // Blocks when `may_wait`; otherwise look at held().
  LatchGuard(Latches& latches, const std::vector<Latches::Stripe>& stripes, bool may_wait)
      : latches_(latches), stripes_(stripes) {
    if (may_wait) {
      latches_.Lock(stripes_);
      held_ = true;
    } else {
      held_ = latches_.TryLock(stripes_);
    }
  }
  ~LatchGuard() {
    if (held_) latches_.Unlock(stripes_);
  }
  LatchGuard(const LatchGuard&) = delete;
  LatchGuard& operator=(const LatchGuard&) = delete;

  bool held() const { return held_; }

 private:
  Latches& latches_;
  const std::vector<Latches::Stripe>& stripes_;
  bool held_;
};

}  // namespace kalam::table
