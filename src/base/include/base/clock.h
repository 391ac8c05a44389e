#pragma once

#include <chrono>
#include <cstdint>

namespace kalam {

// Wall-clock time as microseconds since 1970-01-01 UTC: the unit of TIMESTAMP.
using TimestampMicros = std::int64_t;

// Passed in wherever time matters, so that tests can hold it still or step it back. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimestampMicros NowMicros() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimestampMicros NowMicros() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

}  // namespace kalam
