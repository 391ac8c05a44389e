#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace kalam::duck {

// Interrupts what runs too long. One thread watches all running queries. Thread-safe.
class Deadlines {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  Deadlines();
  ~Deadlines();

  // Calls `interrupt` once if the returned Watch still lives at `deadline`. The callback runs on the
  // watching thread and must be quick; it does not run any more once the Watch is gone.
  class Watch {
   public:
    Watch(Deadlines& owner, TimePoint deadline, std::function<void()> interrupt);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    bool expired() const;

   private:
    Deadlines& owner_;
    std::uint64_t id_;
    TimePoint deadline_;
  };

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kalam::duck
