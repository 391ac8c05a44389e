#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "jobs/job.h"
#include "jobs/job_store.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::jobs {

// What running work knows of its job. Used by the job's thread; cancelled() by any.
class JobContext {
 public:
  explicit JobContext(std::string job_id) : id_(std::move(job_id)) {}

  const std::string& id() const { return id_; }
  // Somebody wants it to end: finish or undo the step at hand and return kCancelled.
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  // Bytes held at this moment; the most ever said is kept.
  void NoteMemory(std::int64_t bytes) { memory_used_ = std::max(memory_used_, bytes); }

 private:
  friend class JobRunner;
  const std::string id_;
  std::atomic<bool> cancelled_ = false;
  std::int64_t memory_used_ = 0;
};

// Does a job. Returns its result (JSON text). kCancelled ends it as cancelled, any other error as
// failed. After a crash it runs again from the start under the same id, so it must get along with
// its own leftovers.
using JobWork = std::function<Result<std::string>(JobContext& context)>;

struct JobRunnerOptions {
  unsigned threads = 2;
  std::size_t max_queued = 10'000;
  std::string node_id = "0";
};

// Runs jobs in the background, in the order they were started, a few at a time; two in the same `lane` never
// together. Each step of a job's life is in the JobStore before it shows anywhere else.
//
// Thread-safe. Owns its threads.
class JobRunner {
 public:
  // `store` and `clock` must outlive it. Records that a crash left unfinished are listed by
  // Unfinished until they are resumed.
  JobRunner(JobStore& store, const Clock& clock, JobRunnerOptions options);
  ~JobRunner();  // as Stop(0)
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;

  struct Spec {
    JobType type = JobType::kFlush;
    std::string ns;
    std::optional<std::string> table = {};
    std::vector<std::string> parameters = {};
    std::string key;   // what it does: `flush 7`
    std::string lane;  // what it works on: `table 7`
  };
  // Queues a job and returns its record, durable; if one with this key is queued or runs, that
  // one's instead. Errors: kLimitExceeded when too many are queued, kUnavailable when stopping,
  // those of the store.
  Result<Job> Start(const Spec& spec, JobWork work);

  // Jobs that the store has as pending or running but that nobody runs: what a crash left.
  Result<std::vector<Job>> Unfinished() const;
  // Queues such a job again under its id.
  Status Resume(const Job& job, const Spec& spec, JobWork work);

  // Ends a queued job at once and asks a running one to end; returns without waiting for it.
  // Errors: kNotFound `Job not found: id`; kInvalidArgument `Cannot cancel job id with status
  // 'completed'`.
  Status Cancel(std::string_view id);

  // The record as it is now; nullopt: no such job.
  Result<std::optional<Job>> Find(std::string_view id) const { return store_.Find(id); }
  // Blocks until the job has ended (true) or `timeout` is over.
  bool Wait(std::string_view id, std::chrono::milliseconds timeout);

  // Takes no more jobs and waits up to `timeout` for those queued and running; what is left then
  // stays in the store for the next start.
  void Stop(std::chrono::milliseconds timeout);

 private:
  struct Impl;
  JobStore& store_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kalam::jobs
