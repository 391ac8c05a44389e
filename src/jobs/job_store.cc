#include "jobs/job_store.h"

#include "kv/batch.h"
#include "kv/iterator.h"
#include "kv/pinned_value.h"

namespace kalam::jobs {

using kv::Family;

Status JobStore::Put(const Job& job) {
  kv::Batch batch;
  batch.Put(Family::kJobs, job.id, EncodeJob(job));
  return writer_.WriteDurably(batch);
}

Result<std::optional<Job>> JobStore::Find(std::string_view id) const {
  if (id.empty()) return std::optional<Job>();
  kv::PinnedValue value;
  KALAM_TRY_ASSIGN(const auto found, store_.Get(Family::kJobs, id, value));
  if (found != kv::ReadOutcome::kFound) return std::optional<Job>();
  KALAM_TRY_ASSIGN(Job job, DecodeJob(value.view()));
  return std::optional(std::move(job));
}

Result<std::vector<Job>> JobStore::List() const {
  std::vector<Job> jobs;
  const auto it = store_.NewIterator(Family::kJobs, {});
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    KALAM_TRY_ASSIGN(Job job, DecodeJob(it->value()));
    jobs.push_back(std::move(job));
  }
  KALAM_TRY(it->status());
  return jobs;
}

Result<std::size_t> JobStore::RemoveFinishedBefore(TimestampMicros created_before) {
  kv::Batch batch;
  const auto it = store_.NewIterator(Family::kJobs, {});
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    KALAM_TRY_ASSIGN(const Job job, DecodeJob(it->value()));
    if (IsFinished(job.status) && job.created_at < created_before)
      batch.Delete(Family::kJobs, job.id);
  }
  KALAM_TRY(it->status());
  const std::size_t removed = batch.count();
  if (removed > 0) KALAM_TRY(writer_.WriteDurably(batch));
  return removed;
}

}  // namespace kalam::jobs
