#include "jobs/compaction_service.h"

#include "base/log.h"

#include <utility>
#include <vector>

namespace kalam::jobs {

JobRunner::Spec CompactionService::SpecOf(const TableDef& table, JobType type) {
  const std::string number = std::to_string(table.id.value());
  return {.type = type,
          .ns = table.name.ns,
          .table = table.name.table,
          .parameters = {table.name.ns, table.name.table},
          .key = std::string(ToString(type)) + " " + number,
          .lane = "table " + number};
}

JobWork CompactionService::WorkOf(TableId table) {
  return [this, table](JobContext& context) {
    std::vector<UserId> users;
    {
      const std::lock_guard lock(mutex_);
      const auto found = due_.find(table);
      if (found != due_.end()) {
        users.assign(found->second.begin(), found->second.end());
        due_.erase(found);
      }
    }
    return compactor_.Compact(table, users, context);
  };
}

void CompactionService::Start(const TableDef& table, JobType type, JobWork work) {
  const auto job = runner_.Start(SpecOf(table, type), std::move(work));
  // The next flush or the next clean-up asks again.
  if (!job.ok() && job.error().code() != ErrorCode::kUnavailable)
    log::Warn("jobs",
              "no compaction of table " + table.name.ToString() + ": " + job.error().message());
}

void CompactionService::Flushed(const TableDef& table, const UserId& user) {
  const auto due = compactor_.IsDue(table, user);
  if (!due.ok())
    return log::Warn("jobs",
                     "compaction of " + table.name.ToString() + ": " + due.error().message());
  if (!*due) return;
  {
    const std::lock_guard lock(mutex_);
    due_[table.id].insert(user);
  }
  Start(table, JobType::kCompact, WorkOf(table.id));
}

void CompactionService::CleanUpAll() {
  for (const TableDefPtr& table : catalog_.ListTables()) {
    if (table->kind == TableKind::kStream) continue;
    const auto needed = compactor_.NeedsCleanup(*table);
    if (!needed.ok())
      log::Warn("jobs", "clean-up of " + table->name.ToString() + ": " + needed.error().message());
    if (!needed.ok() || !*needed) continue;
    Start(*table, JobType::kCleanup,
          [this, id = table->id](JobContext& context) { return compactor_.Cleanup(id, context); });
  }
}

Result<bool> CompactionService::Resume(const Job& job) {
  const TableDefPtr table = job.table ? catalog_.FindTable(job.ns, *job.table) : nullptr;
  if (!table) return false;
  // Which partitions were due is forgotten.
  KALAM_TRY(runner_.Resume(
      job, SpecOf(*table, job.type), [this, id = table->id, type = job.type](JobContext& context) {
        return type == JobType::kCleanup ? compactor_.Cleanup(id, context)
                                         : compactor_.Compact(id, std::nullopt, context);
      }));
  return true;
}

}  // namespace kalam::jobs
