#pragma once

#include "base/result.h"
#include "catalog/catalog.h"
#include "jobs/compaction.h"
#include "jobs/job_runner.h"
#include "model/ids.h"
#include "model/table_def.h"

#include <map>
#include <mutex>
#include <set>

namespace kalam::jobs {

// Starts `compact` jobs for partitions that flushes left with something to merge, and `cleanup`
// jobs for tables with a retention. Thread-safe; has no thread of its own. The runner must be
// stopped before this is destroyed: its jobs call back.
class CompactionService {
 public:
  // All must outlive it.
  CompactionService(const catalog::Catalog& catalog, JobRunner& runner,
                    const TableCompactor& compactor)
      : catalog_(catalog), runner_(runner), compactor_(compactor) {}

  // A flush has added to a partition.
  void Flushed(const TableDef& table, const UserId& user);

  // Ends tombstones whose time is over: looks for tables that have any, which takes long, and
  // starts their jobs.
  void CleanUpAll();

  // Takes up a `compact` or `cleanup` job that a crash left. False: its table is gone. Errors:
  // those of the runner.
  Result<bool> Resume(const Job& job);

 private:
  static JobRunner::Spec SpecOf(const TableDef& table, JobType type);
  JobWork WorkOf(TableId table);
  void Start(const TableDef& table, JobType type, JobWork work);

  const catalog::Catalog& catalog_;
  JobRunner& runner_;
  const TableCompactor& compactor_;
  std::mutex mutex_;
  std::map<TableId, std::set<UserId>> due_;  // not yet taken up by a job; guarded by mutex_
};

}  // namespace kalam::jobs
