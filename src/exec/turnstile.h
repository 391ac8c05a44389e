#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <mutex>

#include "model/ids.h"

namespace kalam::exec {

// Lets statements that keep losing their race over one table's rows go one by one. Writes are optimistic: a
// statement computes its rows, and computes them again when one of them changed meanwhile. Under many
// clients that could go on for ever; so who lost takes the turnstile, and while somebody is in there, newcomers
// queue too. Waiting is bounded, since a long statement may be inside: then they try their luck again.
// Thread-safe.
class Turnstile {
  struct Gate;

 public:
  static constexpr std::chrono::milliseconds kMaxWait{50};

  // The right of way, until it is destroyed or assigned.
  class Pass {
   public:
    Pass() = default;
    ~Pass() { Leave(); }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    friend class Turnstile;
    void Leave() {
      if (lock_.owns_lock()) lock_.unlock();
      if (gate_) gate_->inside.fetch_sub(1, std::memory_order_relaxed);
      gate_ = nullptr;
    }

    Gate* gate_ = nullptr;
    std::unique_lock<std::timed_mutex> lock_;
  };

  // Before each attempt. `lost`: the attempt before this one lost its race.
  void Enter(TableId table, bool lost, Pass& pass) {
    if (pass.lock_.owns_lock()) return;
    pass.Leave();
    Gate& gate = gates_[table.value() % gates_.size()];
    if (!lost && gate.inside.load(std::memory_order_relaxed) == 0) return;
    gate.inside.fetch_add(1, std::memory_order_relaxed);
    pass.gate_ = &gate;
    pass.lock_ = std::unique_lock(gate.mutex, kMaxWait);
  }

 private:
  struct Gate {
    std::timed_mutex mutex;
    std::atomic<int> inside{0};  // holding or waiting
  };
  std::array<Gate, 64> gates_;
};

}  // namespace kalam::exec
