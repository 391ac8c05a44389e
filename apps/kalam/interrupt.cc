#include "interrupt.h"

#include <atomic>
#include <cerrno>
#include <cstdint>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace kalam::cli {

namespace {

// Where the handler writes: the eventfd of the innermost Interrupt.
std::atomic<int> current{-1};

void Note(int) {
  const int before = errno;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(current.load(), &one, sizeof(one));
  errno = before;
}

}  // namespace

Interrupt::Interrupt(Signals signals)
    : signals_(signals), event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), outer_(current.exchange(event_)) {
  struct sigaction action{};
  action.sa_handler = Note;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &before_int_);
  if (signals_ == Signals::kCtrlCAndTerm) sigaction(SIGTERM, &action, &before_term_);
}

Interrupt::~Interrupt() {
  sigaction(SIGINT, &before_int_, nullptr);
  if (signals_ == Signals::kCtrlCAndTerm) sigaction(SIGTERM, &before_term_, nullptr);
  const bool got = happened();
  current.store(outer_);
  if (got && outer_ >= 0) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(outer_, &one, sizeof(one));
  }
  close(event_);
}

bool Interrupt::happened() const { return WaitFor(std::chrono::milliseconds(0)); }

bool Interrupt::WaitFor(std::chrono::milliseconds time) const {
  const auto until = std::chrono::steady_clock::now() + time;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd event{event_, POLLIN, 0};
    const int ready = poll(&event, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
    if (ready >= 0) return ready > 0;
  }
}

void Interrupt::Clear() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(event_, &count, sizeof(count));
}

}  // namespace kalam::cli
