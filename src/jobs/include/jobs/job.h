#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::jobs {

// The numbers are stored.
enum class JobType : std::uint8_t {
  kFlush = 1,
  kCompact = 2,
  kCleanup = 3,
  kBackup = 4,
  kRestore = 5
};
std::string_view ToString(JobType type);  // `flush`, ...

enum class JobStatus : std::uint8_t {
  kPending = 1,
  kRunning = 2,
  kCompleted = 3,
  kFailed = 4,
  kCancelled = 5
};
std::string_view ToString(JobStatus status);  // `pending`, ...

inline bool IsFinished(JobStatus status) { return status >= JobStatus::kCompleted; }

// A row of system.jobs.
struct Job {
  std::string id;  // `flush-messages-1761332099970-5b1d...`
  JobType type = JobType::kFlush;
  JobStatus status = JobStatus::kPending;
  std::string ns = {};
  std::optional<std::string> table = {};
  std::vector<std::string> parameters = {};
  std::string result = {};       // JSON text once completed, the error's text once failed
  std::string error = {};        // empty: none
  std::string trace = {};        // `<node>:<worker>:<thread>`
  std::int64_t memory_used = 0;  // bytes, the most that the work said it held
  std::int64_t cpu_used = 0;     // microseconds of its thread
  TimestampMicros created_at = 0;
  std::optional<TimestampMicros> started_at = {};
  std::optional<TimestampMicros> completed_at = {};  // also of a cancellation
  std::string node_id = {};

  bool operator==(const Job&) const = default;
};

std::string EncodeJob(const Job& job);
// Errors: kCorruption.
Result<Job> DecodeJob(std::string_view bytes);

}  // namespace kalam::jobs
