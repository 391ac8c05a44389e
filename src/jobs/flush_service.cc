#include "jobs/flush_service.h"

#include "base/bytes.h"
#include "base/log.h"
#include "kv/batch.h"
#include "kv/iterator.h"
#include "kv/pinned_value.h"
#include "model/key_codec.h"

#include <algorithm>
#include <limits>

namespace kalam::jobs {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view kLastFlush = "flush/last/";
constexpr std::uint64_t kNoThreshold = std::numeric_limits<std::uint64_t>::max();
constexpr milliseconds kMaxRetryPause = std::chrono::hours(1);
constexpr milliseconds kMaxCountTime{50};
constexpr milliseconds kLookAgain{100};

std::string LastFlushKey(TableId table) { return std::string(kLastFlush) + TablePrefix(table); }

std::uint64_t ThresholdOf(const TableDef& table) {
  return table.flush.row_threshold ? static_cast<std::uint64_t>(*table.flush.row_threshold)
                                   : kNoThreshold;
}

}  // namespace

FlushService::FlushService(const FlushServiceParts& parts) : parts_(parts) {
  parts_.counters.OnDue([this] {
    {
      const std::lock_guard lock(mutex_);
      due_ = true;
    }
    wake_.notify_one();
  });
}

FlushService::~FlushService() { Stop(); }

Status FlushService::Start() {
  KALAM_TRY(ResumeUnfinished());
  thread_ = std::thread([this] { Run(); });
  return {};
}

void FlushService::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

JobRunner::Spec FlushService::SpecOf(const TableDef& table) const {
  const std::string number = std::to_string(table.id.value());
  return {.type = JobType::kFlush,
          .ns = table.name.ns,
          .table = table.name.table,
          .parameters = {table.name.ns, table.name.table},
          .key = "flush " + number,
          .lane = "table " + number};
}

JobWork FlushService::WorkOf(TableId table) {
  return [this, table](JobContext& context) -> Result<std::string> {
    // What is written from here on is the next flush's.
    parts_.counters.Restart(table);
    auto outcome = parts_.flusher.Flush(table, context);
    if (!outcome.ok()) {
      NoteFailed(table, outcome.error());
      return std::move(outcome).error();
    }
    NoteDone(table, outcome->left_behind);
    return std::move(outcome->result);
  };
}

Result<Job> FlushService::Flush(const TableDef& table) {
  return parts_.runner.Start(SpecOf(table), WorkOf(table.id));
}

Status FlushService::ResumeUnfinished() {
  KALAM_TRY_ASSIGN(const std::vector<Job> jobs, parts_.runner.Unfinished());
  for (Job job : jobs) {
    if (parts_.resume_other && job.type != JobType::kFlush) {
      KALAM_TRY_ASSIGN(const bool resumed, parts_.resume_other(job));
      if (resumed) continue;
    }
    const TableDefPtr table = job.type == JobType::kFlush && job.table
                                  ? parts_.catalog.FindTable(job.ns, *job.table)
                                  : nullptr;
    if (table) {
      KALAM_TRY(parts_.runner.Resume(job, SpecOf(*table), WorkOf(table->id)));
      continue;
    }
    job.status = JobStatus::kFailed;
    job.error = job.result = "Job interrupted by server restart";
    job.completed_at = parts_.clock.NowMicros();
    KALAM_TRY(parts_.job_store.Put(job));
  }
  return {};
}

Result<bool> FlushService::HasHotRows(TableId table) const {
  const std::string prefix = TablePrefix(table);
  const auto it = parts_.store.NewIterator(kv::Family::kHot,
                                           {.lower = prefix, .upper = PrefixSuccessor(prefix)});
  it->SeekToFirst();
  KALAM_TRY(it->status());
  return it->Valid();
}

Result<std::optional<TimestampMicros>> FlushService::LastFlush(TableId table) const {
  kv::PinnedValue value;
  KALAM_TRY_ASSIGN(const auto found,
                   parts_.store.Get(kv::Family::kMeta, LastFlushKey(table), value));
  if (found != kv::ReadOutcome::kFound) return std::optional<TimestampMicros>();
  if (value.view().size() != sizeof(TimestampMicros)) {
    return Error(ErrorCode::kCorruption, "flush/last/: wrong length");
  }
  return std::optional(LoadLittleEndian<TimestampMicros>(value.view().data()));
}

void FlushService::Run() {
  WatchTablesWithHotRows();
  while (true) {
    {
      std::unique_lock lock(mutex_);
      const auto ready = [&] { return stopping_ || due_; };
      if (order_.empty()) {
        wake_.wait(lock, ready);
      } else {
        wake_.wait_until(lock, order_.begin()->first, ready);
      }
      if (stopping_) return;
      due_ = false;
    }
    for (const auto& [table, changes] : parts_.counters.TakeDue()) Consider(table, changes);
    for (const TableId table : TakeOverdue()) FlushNow(table);
  }
}

// What was hot before this process: no counter knows of it.
void FlushService::WatchTablesWithHotRows() {
  const auto snapshot = parts_.committer.Snapshot();
  const TimestampMicros now = parts_.clock.NowMicros();
  for (const TableDefPtr& table : parts_.catalog.ListTables()) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    if (table->kind == TableKind::kStream) continue;
    const auto hot = HasHotRows(table->id);
    if (!hot.ok() || !*hot) continue;
    if (table->flush.row_threshold) {
      const std::uint64_t threshold = ThresholdOf(*table);
      const auto rows =
          parts_.reader.CountLive(snapshot, *table, std::nullopt, threshold, kMaxCountTime);
      if (rows.ok() && rows->rows >= threshold) {
        FlushNow(table->id);
        continue;
      }
    }
    if (!table->flush.interval_seconds) continue;
    const auto last = LastFlush(table->id);
    const TimestampMicros waited =
        last.ok() && *last ? std::max<TimestampMicros>(0, now - **last) : 0;
    const milliseconds rest =
        std::chrono::seconds(*table->flush.interval_seconds) - milliseconds(waited / 1000);
    FlushIn(table->id, std::max(rest, milliseconds(0)));
  }
}

void FlushService::Consider(TableId id, std::uint64_t changes) {
  const TableDefPtr table = parts_.catalog.FindTable(id);
  if (!table) return parts_.counters.Forget(id);
  const std::uint64_t threshold = ThresholdOf(*table);
  if (changes >= threshold) return FlushNow(id);
  if (table->flush.interval_seconds)
    FlushIn(id, std::chrono::seconds(*table->flush.interval_seconds));
  parts_.counters.WaitFor(id, threshold);
}

void FlushService::FlushIn(TableId table, milliseconds pause) {
  {
    const std::lock_guard lock(mutex_);
    // The first change counts, not the last.
    if (deadlines_.contains(table)) return;
    const Time at = steady_clock::now() + pause;
    deadlines_.emplace(table, at);
    order_.emplace(at, table);
    due_ = true;
  }
  wake_.notify_one();
}

std::vector<TableId> FlushService::TakeOverdue() {
  std::vector<TableId> overdue;
  const std::lock_guard lock(mutex_);
  while (!order_.empty() && order_.begin()->first <= steady_clock::now()) {
    overdue.push_back(order_.begin()->second);
    deadlines_.erase(overdue.back());
    order_.erase(order_.begin());
  }
  return overdue;
}

void FlushService::FlushNow(TableId id) {
  {
    const std::lock_guard lock(mutex_);
    const auto planned = deadlines_.find(id);
    if (planned != deadlines_.end()) {
      order_.erase({planned->second, id});
      deadlines_.erase(planned);
    }
  }
  const TableDefPtr table = parts_.catalog.FindTable(id);
  if (!table) return parts_.counters.Forget(id);
  const auto hot = HasHotRows(id);
  if (hot.ok() && !*hot) return parts_.counters.Restart(id);
  const auto job = Flush(*table);
  if (!job.ok()) return NoteFailed(id, job.error());
  // It began before these changes: what it leaves is for the next one.
  if (job->status == JobStatus::kRunning) FlushIn(id, kLookAgain);
}

void FlushService::NoteDone(TableId id, bool left_behind) {
  ++flushes_;
  {
    const std::lock_guard lock(mutex_);
    failures_.erase(id);
  }
  kv::Batch batch;
  std::string now;
  AppendLittleEndian(now, parts_.clock.NowMicros());
  batch.Put(kv::Family::kMeta, LastFlushKey(id), now);
  if (const Status stored = parts_.committer.WriteDurably(batch); !stored.ok()) {
    log::Warn("jobs", "time of the last flush not stored: " + stored.error().message());
  }
  // Users whose files could not be written keep their rows, and have no new changes to count.
  const TableDefPtr table = parts_.catalog.FindTable(id);
  if (!left_behind || !table) return;
  const milliseconds interval = std::chrono::seconds(table->flush.interval_seconds.value_or(0));
  FlushIn(id, std::max(interval, parts_.retry_pause));
}

void FlushService::NoteFailed(TableId id, const Error& error) {
  if (error.code() == ErrorCode::kNotFound) return parts_.counters.Forget(id);
  milliseconds pause = parts_.retry_pause;
  {
    const std::lock_guard lock(mutex_);
    int& failures = failures_[id];
    for (int i = 0; i < failures && pause < kMaxRetryPause; ++i) pause *= 2;
    ++failures;
  }
  FlushIn(id, std::min(pause, kMaxRetryPause));
}

}  // namespace kalam::jobs
