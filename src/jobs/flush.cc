#include "jobs/flush.h"

#include "base/bytes.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/worker_pool.h"
#include "model/key_codec.h"
#include "partition_flush.h"

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace kalam::jobs {
namespace {

using std::chrono::steady_clock;

// What a job's result shows of the files; their number is not limited otherwise.
constexpr std::size_t kShownFiles = 1'000;
constexpr std::size_t kShownErrors = 10;

// A scan steps over so many deleted rows in some milliseconds.
constexpr std::uint64_t kRowsPerReclaim = 50'000;

struct Totals {
  std::uint64_t rows = 0;
  std::uint64_t users = 0;
  std::vector<std::string> files;
  std::vector<std::string> errors;
  std::uint64_t failed = 0;
};

std::string ResultOf(const Totals& totals, const std::string& location, std::int64_t duration_ms) {
  std::string json;
  JsonWriter out(json);
  out.BeginObject();
  out.Key("records_flushed").Int(static_cast<std::int64_t>(totals.rows));
  out.Key("users_count").Int(static_cast<std::int64_t>(totals.users));
  out.Key("parquet_files").BeginArray();
  for (const std::string& file : totals.files) out.String(file);
  out.EndArray();
  out.Key("storage_location").String(location);
  out.Key("duration_ms").Int(duration_ms);
  if (totals.failed > 0) {
    out.Key("failed_users").Int(static_cast<std::int64_t>(totals.failed));
    out.Key("errors").BeginArray();
    for (const std::string& error : totals.errors) out.String(error);
    out.EndArray();
  }
  out.EndObject();
  return json;
}

class Flusher final : public TableFlusher {
 public:
  explicit Flusher(const FlushParts& parts) : parts_(parts) {}

  Result<FlushOutcome> Flush(TableId id, JobContext& context) override {
    const TableDefPtr table = parts_.catalog.FindTable(id);
    if (!table) return Error(ErrorCode::kNotFound, "the table was dropped");
    const auto started = steady_clock::now();
    log::Debug("jobs",
               fmt::format("Flush job started: job_id={}, table={}, namespace={}, timestamp={}",
                           context.id(), table->name.table, table->name.ns,
                           parts_.clock.NowMicros() / 1000));
    Totals totals;
    KALAM_TRY_ASSIGN(const auto users,
                     parts_.reader.HotPartitions(parts_.committer.Snapshot(), *table));
    for (const UserId& user : users) {
      if (context.cancelled()) return Error(ErrorCode::kCancelled, "cancelled");
      Result<FlushedPartition> flushed = FlushPartition(parts_, id, user, context);
      if (!flushed.ok()) {
        if (flushed.error().code() == ErrorCode::kCancelled ||
            flushed.error().code() == ErrorCode::kNotFound) {
          return std::move(flushed).error();
        }
        Note(totals, *table, user, flushed.error());
        continue;
      }
      if (flushed->rows == 0) continue;
      if (parts_.flushed) parts_.flushed(*table, user);
      totals.rows += flushed->rows;
      ++totals.users;
      if (totals.files.size() < kShownFiles) totals.files.push_back(flushed->file);
    }
    // Who sees the job completed sees its rows gone from the hot store.
    if (totals.users > 0)
      KALAM_TRY(parts_.committer.WaitDurable(parts_.committer.LatestSnapshot()->seq()));
    Reclaim(*table, totals.rows);
    if (totals.failed > 0 && totals.users == 0) {
      return Error(ErrorCode::kIo, "Flush failed for all users: " + totals.errors.front());
    }
    const auto duration =
        std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - started)
            .count();
    log::Debug(
        "jobs",
        fmt::format("Flush job completed: job_id={}, table={}, records_flushed={}, duration_ms={}",
                    context.id(), table->name.table, totals.rows, duration));
    return FlushOutcome{ResultOf(totals, parts_.catalog.StorageLocation(*table), duration), totals.failed > 0};
  }

 private:
  static void Note(Totals& totals, const TableDef& table, const UserId& user, const Error& error) {
    ++totals.failed;
    const std::string whose = user.empty() ? std::string() : "user '" + user.text() + "': ";
    if (totals.errors.size() < kShownErrors) totals.errors.push_back(whose + error.message());
    log::Error("jobs", fmt::format("flush of table {}: {}{}", table.name.ToString(), whose,
                                   error.message()));
  }

  // Scans would step over each row that is gone.
  void Reclaim(const TableDef& table, std::uint64_t rows) {
    {
      const std::lock_guard lock(mutex_);
      std::uint64_t& gone = gone_[table.id];
      gone += rows;
      if (gone < kRowsPerReclaim) return;
      gone = 0;
    }
    // Not what the job is waited for. A full queue: the next flush asks again.
    (void)reclaims_.TryPost([&store = parts_.store, prefix = TablePrefix(table.id)] {
      const Status done = store.Reclaim(kv::Family::kHot, prefix, PrefixSuccessor(prefix));
      if (!done.ok()) log::Warn("jobs", "space of flushed rows not reclaimed: " + done.error().message());
    });
  }

  const FlushParts parts_;
  WorkerPool reclaims_{1, 64};
  std::mutex mutex_;
  std::map<TableId, std::uint64_t> gone_;  // rows flushed since the last time; guarded by mutex_
};

}  // namespace

std::unique_ptr<TableFlusher> MakeTableFlusher(const FlushParts& parts) {
  return std::make_unique<Flusher>(parts);
}

}  // namespace kalam::jobs
