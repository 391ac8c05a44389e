#include "partition_compaction.h"

#include "compaction_policy.h"
#include "kv/batch.h"
#include "segment_builder.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace kalam::jobs {
namespace {

// How much larger rows are in memory than in a file, about.
constexpr std::uint64_t kPackedBy = 5;

constexpr int kAttempts = 5;  // while the table is altered under our hands
constexpr TimestampMicros kHour = TimestampMicros{3'600} * 1'000'000;

using Entries = std::vector<cold::Manifest::EntryPtr>;

// One merge.
class Merge {
 public:
  Merge(const CompactionParts& parts, const TableDef& table, const UserId& user,
        cold::ManifestPtr base, const Entries& picked, JobContext& context)
      : parts_(parts),
        table_(table),
        user_(user),
        base_(std::move(base)),
        picked_(picked),
        context_(context) {}

  Result<CompactedPartition> Run() {
    KALAM_TRY_ASSIGN(const cold::Placement place, parts_.storages.Place(table_, user_.text()));
    KALAM_TRY_ASSIGN(const cold::ObjectStorePtr store,
                     parts_.storages.Open(place.storage_id, place.root));
    SegmentBuilder builder(table_, parts_.cold.engine(), *store, parts_.garbage, parts_.clock);
    KALAM_TRY(WriteRows(builder));
    KALAM_TRY(Reach("compaction: file written"));
    cold::ManifestChange change;
    CompactedPartition done{.files_merged = picked_.size(), .rows_written = builder.rows()};
    if (builder.rows() > 0) {
      KALAM_TRY_ASSIGN(cold::ManifestChange::Added added, builder.Store(place));
      KALAM_TRY(Reach("compaction: file stored"));
      added.segment.id = base_->NextSegmentId();
      // As old as its newest rows: retention looks at this.
      added.segment.created_at = std::ranges::max(picked_, {}, [](const auto& entry) {
                                   return entry->segment.created_at;
                                 })->segment.created_at;
      change.added.push_back(std::move(added));
      done.files_written = 1;
    }
    KALAM_TRY(Publish(std::move(change), builder));
    KALAM_TRY(Reach("compaction: segment published"));
    std::uint64_t rows_before = 0;
    for (const auto& entry : picked_) rows_before += entry->segment.rows;
    done.rows_removed = rows_before - done.rows_written;
    return done;
  }

 private:
  Status Reach(std::string_view place) const {
    return parts_.fail_point ? parts_.fail_point(place) : Status();
  }

  Status WriteRows(SegmentBuilder& builder) {
    const auto merged = std::make_shared<const cold::Manifest>(base_->version(), picked_);
    const auto rows = parts_.cold.Scan(merged, table_, "", std::nullopt);
    const auto expired_before = ExpiredBefore(table_, parts_.clock.NowMicros());
    const auto next = [&]() -> Result<std::optional<RowView>> {
      while (true) {
        if (context_.cancelled()) return Error(ErrorCode::kCancelled, "cancelled");
        KALAM_TRY_ASSIGN(const cold::ColdStep step, rows->Next());
        if (step != cold::ColdStep::kRow) return std::optional<RowView>();
        const RowView row(table_.layout, rows->row());
        if (row.deleted() && expired_before && row.updated() < *expired_before) continue;
        return std::optional(row);
      }
    };
    duck::ExpectedRows expected;
    std::uint64_t bytes = 0;
    for (const auto& entry : picked_) {
      expected.rows += entry->segment.rows;
      bytes += entry->segment.bytes;
    }
    expected.bytes_per_row = kPackedBy * bytes / std::max<std::uint64_t>(expected.rows, 1);
    return builder.Write(next, expected);
  }

  Status Publish(cold::ManifestChange change, SegmentBuilder& builder) {
    kv::Batch batch;
    for (const auto& entry : picked_) {
      change.removed.push_back(entry->segment.id);
      cold::Garbage::Add(entry->segment,
                         parts_.clock.NowMicros() + parts_.policy.keep_files.count(), batch);
    }
    KALAM_TRY_ASSIGN(const kv::Expectation expected,
                     parts_.manifests.Publish(table_.id, user_.text(), base_, change, batch));
    for (const auto& added : change.added) cold::Garbage::Settle(added.segment, batch);
    KALAM_TRY_ASSIGN(const Seq written,
                     parts_.committer.WriteAbout(table_.id, batch, {&expected, 1}));
    if (!change.added.empty()) builder.Published();
    return parts_.committer.WaitDurable(written);
  }

  const CompactionParts& parts_;
  const TableDef& table_;
  const UserId& user_;
  const cold::ManifestPtr base_;
  const Entries& picked_;
  JobContext& context_;
};

}  // namespace

std::optional<TimestampMicros> ExpiredBefore(const TableDef& table, TimestampMicros now) {
  if (!table.deleted_retention_hours) return std::nullopt;
  return now - *table.deleted_retention_hours * kHour;
}

Result<CompactedPartition> CompactPartition(const CompactionParts& parts, TableId id,
                                            const UserId& user, JobContext& context) {
  CompactedPartition all;
  int attempts = 0;
  while (true) {
    if (context.cancelled()) return Error(ErrorCode::kCancelled, "cancelled");
    const TableDefPtr table = parts.catalog.FindTable(id);
    if (!table) return Error(ErrorCode::kNotFound, "the table was dropped");
    KALAM_TRY_ASSIGN(const cold::ManifestPtr base, parts.manifests.Load(id, user.text(), nullptr));
    const Entries picked =
        PickSegments(*base, parts.policy, ExpiredBefore(*table, parts.clock.NowMicros()));
    if (picked.empty()) return all;
    const auto done = Merge(parts, *table, user, base, picked, context).Run();
    if (!done.ok()) {
      // Altered, or the user was removed: look again.
      if (done.error().code() == ErrorCode::kConflict && ++attempts < kAttempts) continue;
      return done.error();
    }
    all.files_merged += done->files_merged;
    all.files_written += done->files_written;
    all.rows_written += done->rows_written;
    all.rows_removed += done->rows_removed;
    const bool in_vain = done->files_merged == done->files_written && done->rows_removed == 0;
    if (in_vain) return all;
  }
}

}  // namespace kalam::jobs
