#pragma once

#include "base/result.h"
#include "jobs/job_runner.h"
#include "model/ids.h"

#include <string>

namespace kalam::jobs {

struct FlushOutcome {
  std::string result;        // of the job, JSON text
  bool left_behind = false;  // some partitions failed: their rows are hot still
};

// Moves the hot rows of one table to Parquet, partition by partition. Thread-safe; a table has one
// run at a time (the key of its jobs sees to that).
class TableFlusher {
 public:
  virtual ~TableFlusher() = default;

  // The work of a flush job: everything that is hot when it starts. Returns the job's result as
  // JSON text: `records_flushed`, `users_count`, `parquet_files` (names), `storage_location`,
  // `duration_ms`, and `errors` when some partitions failed. What a partition could not write stays
  // hot, and the others are done all the same.
  //
  // kCancelled when the context wants it to end: partitions that are done stay done, the others
  // stay hot. Other errors when no partition could be flushed: `Flush failed for all users: ...`;
  // kNotFound when there is no such table.
  virtual Result<FlushOutcome> Flush(TableId table, JobContext& context) = 0;
};

}  // namespace kalam::jobs
