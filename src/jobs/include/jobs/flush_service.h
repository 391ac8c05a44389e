#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "jobs/job_runner.h"
#include "jobs/table_flusher.h"
#include "kv/durable_writer.h"
#include "kv/store.h"
#include "table/change_counters.h"
#include "table/committer.h"
#include "table/reader.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace kalam::jobs {

// What it works with; all outlive it.
struct FlushServiceParts {
  const Clock& clock;
  const kv::Store& store;
  const catalog::Catalog& catalog;
  table::Committer& committer;
  const table::Reader& reader;
  table::ChangeCounters& counters;
  JobStore& job_store;
  JobRunner& runner;
  TableFlusher& flusher;
  // Takes up a job of another type that a crash left; false: it can't go on. Empty: none can.
  std::function<Result<bool>(const Job&)> resume_other = {};
  std::chrono::milliseconds retry_pause{
      30'000};  // after a failure; doubled each time, up to an hour
};

// Starts flush jobs: when somebody asks for one, when a table has as many changes as its policy
// says, when its interval is over, and after a restart for those that were cut off. A table without
// hot rows gets none but on request.
//
// Thread-safe. Owns one thread, from Start to Stop. The runner must be stopped before this is
// destroyed: its jobs call back.
class FlushService {
 public:
  explicit FlushService(const FlushServiceParts& parts);
  ~FlushService();  // as Stop
  FlushService(const FlushService&) = delete;
  FlushService& operator=(const FlushService&) = delete;

  // Takes up the jobs that a crash left, and the watch. Errors: those of the store.
  Status Start();
  // Starts no more jobs.
  void Stop();

  // Queues a flush of a USER or SHARED table, or names the one that is queued or runs already.
  // Durable on return. Errors: those of JobRunner::Start.
  Result<Job> Flush(const TableDef& table);

  // Has the table anything to flush? One look, whatever its size. Errors: kIo, kCorruption.
  Result<bool> HasHotRows(TableId table) const;
  // When its last successful flush ended. Errors: kIo, kCorruption.
  Result<std::optional<TimestampMicros>> LastFlush(TableId table) const;
  // Flush jobs that were completed since the start.
  std::uint64_t flushes() const { return flushes_.load(); }

 private:
  using Time = std::chrono::steady_clock::time_point;

  JobRunner::Spec SpecOf(const TableDef& table) const;
  JobWork WorkOf(TableId table);
  Status ResumeUnfinished();
  void Run();
  void WatchTablesWithHotRows();
  // With `mutex_` not held, as all below.
  void Consider(TableId table, std::uint64_t changes);
  void FlushNow(TableId table);
  void FlushIn(TableId table, std::chrono::milliseconds pause);
  void NoteDone(TableId table, bool left_behind);
  void NoteFailed(TableId table, const Error& error);
  std::vector<TableId> TakeOverdue();

  const FlushServiceParts parts_;
  std::atomic<std::uint64_t> flushes_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_, as all below
  bool due_ = false;       // the counters have something
  std::map<TableId, Time> deadlines_;
  std::set<std::pair<Time, TableId>> order_;  // of the deadlines
  std::map<TableId, int> failures_;           // in a row
  std::thread thread_;
};

}  // namespace kalam::jobs
