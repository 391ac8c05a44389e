#include "jobs/compaction.h"

#include "base/json_writer.h"
#include "base/log.h"
#include "compaction_policy.h"
#include "partition_compaction.h"

#include <utility>
#include <vector>

#include <fmt/format.h>

namespace kalam::jobs {
namespace {

using std::chrono::steady_clock;
using FlushedRow = table::Writer::FlushedRow;

constexpr std::size_t kShownErrors = 10;
constexpr std::size_t kRowsPerRemoval =
    1'000;  // so that writers of the same keys wait for one piece at most

struct Totals {
  CompactedPartition all;
  std::uint64_t partitions = 0;  // in which something was merged
  std::uint64_t hot_rows_removed = 0;
  std::vector<std::string> errors;
  std::uint64_t failed = 0;
};

std::string ResultOf(const Totals& totals, bool with_hot, steady_clock::time_point started) {
  const auto duration =
      std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - started).count();
  std::string json;
  JsonWriter out(json);
  const auto number = [&](std::string_view key, std::uint64_t value) {
    out.Key(key).Int(static_cast<std::int64_t>(value));
  };
  out.BeginObject();
  number("partitions", totals.partitions);
  number("files_merged", totals.all.files_merged);
  number("files_written", totals.all.files_written);
  number("rows_written", totals.all.rows_written);
  number("rows_removed", totals.all.rows_removed);
  if (with_hot) number("hot_rows_removed", totals.hot_rows_removed);
  out.Key("duration_ms").Int(duration);
  if (totals.failed > 0) {
    number("failed_users", totals.failed);
    out.Key("errors").BeginArray();
    for (const std::string& error : totals.errors) out.String(error);
    out.EndArray();
  }
  out.EndObject();
  return json;
}

Status CompactUsers(const CompactionParts& parts, TableId table, std::span<const UserId> users,
                    JobContext& context, Totals& totals) {
  for (const UserId& user : users) {
    const auto done = CompactPartition(parts, table, user, context);
    if (done.ok()) {
      totals.all.files_merged += done->files_merged;
      totals.all.files_written += done->files_written;
      totals.all.rows_written += done->rows_written;
      totals.all.rows_removed += done->rows_removed;
      if (done->files_merged > 0) ++totals.partitions;
      continue;
    }
    const Error& error = done.error();
    if (error.code() == ErrorCode::kCancelled || error.code() == ErrorCode::kNotFound) return error;
    ++totals.failed;
    const std::string whose = user.empty() ? std::string() : "user '" + user.text() + "': ";
    if (totals.errors.size() < kShownErrors) totals.errors.push_back(whose + error.message());
    log::Error("jobs",
               fmt::format("compaction of table {}: {}{}", table.value(), whose, error.message()));
  }
  if (totals.failed > 0 && totals.partitions == 0)
    return Error(ErrorCode::kIo, "Compaction failed for all users: " + totals.errors.front());
  return {};
}

Result<std::vector<UserId>> ColdPartitions(const CompactionParts& parts, TableId table) {
  KALAM_TRY_ASSIGN(auto names, parts.manifests.Partitions(table, nullptr));
  std::vector<UserId> users;
  for (std::string& name : names) users.push_back(UserId::FromTrusted(std::move(name)));
  return users;
}

// A hot tombstone that nothing needs any more. A key with a cold version keeps its own: the next
// flush takes it there.
bool IsExpired(const RowView& row, std::string_view key, const cold::Manifest& manifest,
               TimestampMicros before) {
  return row.deleted() && row.updated() < before && !manifest.MayContain(key);
}

Result<std::uint64_t> RemoveHotTombstones(const CompactionParts& parts, const TableDef& table,
                                          const UserId& user, TimestampMicros expired_before,
                                          JobContext& context) {
  KALAM_TRY_ASSIGN(const auto manifest, parts.manifests.Load(table.id, user.text(), nullptr));
  std::uint64_t removed = 0;
  std::vector<FlushedRow> expired;
  const auto remove = [&]() -> Status {
    if (expired.empty()) return {};
    KALAM_TRY(parts.writer.RemoveFlushed(table, user, expired));
    removed += expired.size();
    expired.clear();
    return {};
  };
  auto rows = parts.reader.ScanHot(parts.committer.Snapshot(), table, user);
  for (; rows.Valid(); rows.Next()) {
    if (context.cancelled()) return Error(ErrorCode::kCancelled, "cancelled");
    const RowView row = rows.row();
    if (!IsExpired(row, rows.key(), *manifest, expired_before)) continue;
    expired.push_back({std::string(rows.key()), row.seq()});
    if (expired.size() == kRowsPerRemoval) KALAM_TRY(remove());
  }
  KALAM_TRY(rows.status());
  KALAM_TRY(remove());
  return removed;
}

}  // namespace

Result<bool> TableCompactor::IsDue(const TableDef& table, const UserId& user) const {
  KALAM_TRY_ASSIGN(const auto manifest, parts_.manifests.Load(table.id, user.text(), nullptr));
  return !PickSegments(*manifest, parts_.policy, ExpiredBefore(table, parts_.clock.NowMicros()))
              .empty();
}

Result<bool> TableCompactor::NeedsCleanup(const TableDef& table) const {
  const auto expired_before = ExpiredBefore(table, parts_.clock.NowMicros());
  if (!expired_before) return false;
  bool needed = false;
  KALAM_TRY(parts_.manifests.ForEachSegment(
      table.id, std::nullopt, nullptr, [&](const cold::Segment& segment) -> Status {
        needed = needed || (segment.tombstones > 0 && segment.created_at < *expired_before);
        return {};
      }));
  if (needed) return true;
  const auto snapshot = parts_.committer.Snapshot();
  KALAM_TRY_ASSIGN(const auto users, parts_.reader.HotPartitions(snapshot, table));
  for (const UserId& user : users) {
    KALAM_TRY_ASSIGN(const auto manifest, parts_.manifests.Load(table.id, user.text(), nullptr));
    auto rows = parts_.reader.ScanHot(snapshot, table, user);
    for (; rows.Valid(); rows.Next()) {
      if (IsExpired(rows.row(), rows.key(), *manifest, *expired_before)) return true;
    }
    KALAM_TRY(rows.status());
  }
  return false;
}

Result<std::string> TableCompactor::Compact(TableId table,
                                            std::optional<std::span<const UserId>> users,
                                            JobContext& context) const {
  const auto started = steady_clock::now();
  Totals totals;
  std::vector<UserId> all;
  if (!users) {
    KALAM_TRY_ASSIGN(all, ColdPartitions(parts_, table));
    users = all;
  }
  KALAM_TRY(CompactUsers(parts_, table, *users, context, totals));
  return ResultOf(totals, false, started);
}

Result<std::string> TableCompactor::Cleanup(TableId id, JobContext& context) const {
  const auto started = steady_clock::now();
  const TableDefPtr table = parts_.catalog.FindTable(id);
  if (!table) return Error(ErrorCode::kNotFound, "the table was dropped");
  Totals totals;
  if (const auto expired_before = ExpiredBefore(*table, parts_.clock.NowMicros())) {
    KALAM_TRY_ASSIGN(const auto users,
                     parts_.reader.HotPartitions(parts_.committer.Snapshot(), *table));
    for (const UserId& user : users) {
      KALAM_TRY_ASSIGN(const std::uint64_t removed,
                       RemoveHotTombstones(parts_, *table, user, *expired_before, context));
      totals.hot_rows_removed += removed;
    }
  }
  KALAM_TRY_ASSIGN(const auto users, ColdPartitions(parts_, id));
  KALAM_TRY(CompactUsers(parts_, id, users, context, totals));
  return ResultOf(totals, true, started);
}

}  // namespace kalam::jobs
