#pragma once

#include "histogram.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace kalam::bench {

using Time = std::chrono::steady_clock::time_point;

// The measured time is [begin, end); sending stops at its end.
struct Schedule {
  Time begin;
  Time end;

  static Schedule StartingNow(std::chrono::milliseconds warmup, std::chrono::milliseconds measure) {
    const Time begin = std::chrono::steady_clock::now() + warmup;
    return {.begin = begin, .end = begin + measure};
  }
};

// What happened in the measured time. Answers that came before or after it are checked, but not
// counted.
struct Report {
  double seconds = 0;
  std::uint64_t requests = 0;  // right answers
  std::uint64_t failures = 0;  // wrong answers, at any time
  std::string first_failure;   // why, with the answer's beginning
  LatencyHistogram latency;    // request's first byte sent to answer's last byte received
};

// One thread's count of answers. Used by that thread alone; read after it was joined.
class Tally {
 public:
  void Start(Schedule schedule) { schedule_ = schedule; }
  Time end() const { return schedule_.end; }

  void Right(Time sent_at, Time now) {
    if (now < schedule_.begin || now >= schedule_.end) return;
    const auto latency = std::chrono::duration_cast<std::chrono::nanoseconds>(now - sent_at);
    latency_.Record(static_cast<std::uint64_t>(latency.count()));
    last_answer_ = now;
  }
  // `story()` is only told for the first one.
  template <typename Story>
  void Wrong(Story story) {
    if (failures_++ == 0) first_failure_ = story();
  }

  void AddTo(Report* report) const {
    report->requests += latency_.count();
    report->latency.Merge(latency_);
    report->failures += failures_;
    if (report->first_failure.empty()) report->first_failure = first_failure_;
  }
  Time last_answer() const { return last_answer_; }

 private:
  Schedule schedule_{};
  LatencyHistogram latency_;
  Time last_answer_{};
  std::uint64_t failures_ = 0;
  std::string first_failure_;
};

// The measured seconds. A workload that ran out ended early; its time is that of the work, not of
// the idling after it.
inline double MeasuredSeconds(Schedule schedule, Time last_answer) {
  const bool ran_out = std::chrono::steady_clock::now() < schedule.end;
  const Time end = ran_out && last_answer > schedule.begin ? last_answer : schedule.end;
  return std::chrono::duration<double>(end - schedule.begin).count();
}

}  // namespace kalam::bench
