#include "jobs/job.h"

#include "base/record_reader.h"

namespace kalam::jobs {
namespace {

constexpr std::uint8_t kVersion = 1;

void AppendOptional(std::string& out, std::optional<TimestampMicros> time) {
  AppendLittleEndian(out, static_cast<std::uint8_t>(time.has_value()));
  AppendLittleEndian(out, time.value_or(0));
}

std::optional<TimestampMicros> ReadOptional(RecordReader& in) {
  const bool present = in.Fixed<std::uint8_t>() != 0;
  const auto time = in.Fixed<TimestampMicros>();
  return present ? std::optional(time) : std::nullopt;
}

}  // namespace

std::string_view ToString(JobType type) {
  switch (type) {
    case JobType::kFlush:
      return "flush";
    case JobType::kCompact:
      return "compact";
    case JobType::kCleanup:
      return "cleanup";
    case JobType::kBackup:
      return "backup";
    case JobType::kRestore:
      return "restore";
  }
  return "unknown";
}

std::string_view ToString(JobStatus status) {
  switch (status) {
    case JobStatus::kPending:
      return "pending";
    case JobStatus::kRunning:
      return "running";
    case JobStatus::kCompleted:
      return "completed";
    case JobStatus::kFailed:
      return "failed";
    case JobStatus::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

std::string EncodeJob(const Job& job) {
  std::string out;
  AppendLittleEndian(out, kVersion);
  AppendLittleEndian(out, static_cast<std::uint8_t>(job.type));
  AppendLittleEndian(out, static_cast<std::uint8_t>(job.status));
  AppendText(out, job.id);
  AppendText(out, job.ns);
  AppendLittleEndian(out, static_cast<std::uint8_t>(job.table.has_value()));
  AppendText(out, job.table.value_or(""));
  AppendLittleEndian(out, static_cast<std::uint32_t>(job.parameters.size()));
  for (const std::string& parameter : job.parameters) AppendText(out, parameter);
  AppendText(out, job.result);
  AppendText(out, job.error);
  AppendText(out, job.trace);
  AppendLittleEndian(out, job.memory_used);
  AppendLittleEndian(out, job.cpu_used);
  AppendLittleEndian(out, job.created_at);
  AppendOptional(out, job.started_at);
  AppendOptional(out, job.completed_at);
  AppendText(out, job.node_id);
  return out;
}

Result<Job> DecodeJob(std::string_view bytes) {
  RecordReader in(bytes);
  Job job;
  const bool known = in.Fixed<std::uint8_t>() == kVersion;
  job.type = static_cast<JobType>(in.Fixed<std::uint8_t>());
  job.status = static_cast<JobStatus>(in.Fixed<std::uint8_t>());
  job.id = in.Text();
  job.ns = in.Text();
  const bool has_table = in.Fixed<std::uint8_t>() != 0;
  std::string table(in.Text());
  if (has_table) job.table = std::move(table);
  for (auto left = in.Fixed<std::uint32_t>(); left > 0 && in.ok(); --left)
    job.parameters.emplace_back(in.Text());
  job.result = in.Text();
  job.error = in.Text();
  job.trace = in.Text();
  job.memory_used = in.Fixed<std::int64_t>();
  job.cpu_used = in.Fixed<std::int64_t>();
  job.created_at = in.Fixed<TimestampMicros>();
  job.started_at = ReadOptional(in);
  job.completed_at = ReadOptional(in);
  job.node_id = in.Text();
  const bool sound = known && in.ok() && in.at_end() && ToString(job.type) != "unknown" &&
                     ToString(job.status) != "unknown";
  if (!sound)
    return Error(ErrorCode::kCorruption, "job record is damaged or of an unknown version");
  return job;
}

}  // namespace kalam::jobs
