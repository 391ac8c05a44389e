#pragma once

#include "base/result.h"
#include "jobs/job.h"
#include "kv/durable_writer.h"
#include "kv/store.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::jobs {

// The records of all jobs, in the store's kJobs family: the truth of system.jobs, also after a
// crash. Thread-safe; a job's record is written by one thread at a time.
class JobStore {
 public:
  // Both must outlive it.
  JobStore(const kv::Store& store, kv::DurableWriter& writer) : store_(store), writer_(writer) {}

  // Durable on return.
  Status Put(const Job& job);
  // nullopt: no such job. Errors: kCorruption, kIo.
  Result<std::optional<Job>> Find(std::string_view id) const;
  // In order of id. Errors: kCorruption, kIo.
  Result<std::vector<Job>> List() const;
  // Removes finished jobs that were created before; returns how many.
  Result<std::size_t> RemoveFinishedBefore(TimestampMicros created_before);

 private:
  const kv::Store& store_;
  kv::DurableWriter& writer_;
};

}  // namespace kalam::jobs
