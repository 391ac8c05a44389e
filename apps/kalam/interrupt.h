#pragma once

#include <chrono>

#include <csignal>

namespace kalam::cli {

// While it lives, Ctrl+C (SIGINT) does not end the process but is noted here, whichever thread it reaches. One at a
// time is in force: an inner one takes over and gives back, passing on what it got. For one thread.
class Interrupt {
 public:
  enum class Signals { kCtrlC, kCtrlCAndTerm };
  explicit Interrupt(Signals signals = Signals::kCtrlC);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool happened() const;
  // Waits so long, or until it happens: true.
  bool WaitFor(std::chrono::milliseconds time) const;
  // Readable once it has happened; for poll(2).
  int fd() const { return event_; }
  // Waits for the next one.
  void Clear();

 private:
  const Signals signals_;
  int event_ = -1;
  int outer_ = -1;
  struct sigaction before_int_{};
  struct sigaction before_term_{};
};

}  // namespace kalam::cli
