#include "partition_flush.h"

#include "base/bytes.h"
#include "cold/segment_columns.h"
#include "kv/batch.h"
#include "model/key_codec.h"
#include "segment_builder.h"
#include "table/change_recording.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace kalam::jobs {
namespace {

using FlushedRow = table::Writer::FlushedRow;

// Where each row must be looked at, they go in pieces: writers of the same keys wait for one piece at most.
constexpr std::size_t kRowsPerRemoval = 256;
constexpr int kAttempts = 5;  // while the table is altered under our hands

Status Reach(const FlushParts& parts, std::string_view place) {
  return parts.fail_point ? parts.fail_point(place) : Status();
}

class PartitionFlush {
 public:
  PartitionFlush(const FlushParts& parts, TableDefPtr table, const UserId& user,
                 JobContext& context)
      : parts_(parts),
        table_(std::move(table)),
        user_(user),
        context_(context),
        recording_(parts.committer.Record(PartitionPrefix(table_->id, user))) {}

  Result<FlushedPartition> Run() {
    KALAM_TRY_ASSIGN(const cold::Placement place, parts_.storages.Place(*table_, user_.text()));
    KALAM_TRY_ASSIGN(const cold::ObjectStorePtr store,
                     parts_.storages.Open(place.storage_id, place.root));
    SegmentBuilder builder(*table_, parts_.engine, *store, parts_.garbage, parts_.clock);
    KALAM_TRY(WriteRows(builder));
    if (rows_.empty()) return FlushedPartition{};
    KALAM_TRY(Reach(parts_, "flush: file written"));
    if (context_.cancelled()) return Error(ErrorCode::kCancelled, "cancelled");
    KALAM_TRY_ASSIGN(cold::ManifestChange::Added added, builder.Store(place));
    KALAM_TRY(Reach(parts_, "flush: file stored"));
    const std::string file = place.root + added.segment.file.text();
    KALAM_TRY(Publish(std::move(added), builder));
    KALAM_TRY(Reach(parts_, "flush: segment published"));
    Status removed = RemoveHotRows();
    KALAM_TRY(DiscardIfDropped());
    KALAM_TRY(removed);
    return FlushedPartition{.rows = rows_.size(), .file = file};
  }

 private:
  // Remembers key and seq of each row, a few bytes more than they take.
  Status WriteRows(SegmentBuilder& builder) {
    // Rows that are not durable yet are so before their segment is: it is published after them in the commit order.
    auto rows = parts_.reader.ScanHot(recording_->snapshot(), *table_, user_);
    if (!rows.Valid()) return rows.status();
    const auto next = [&]() -> Result<std::optional<RowView>> {
      if (!first_row_) rows.Next();
      first_row_ = false;
      if (!rows.Valid()) {
        KALAM_TRY(rows.status());
        return std::optional<RowView>();
      }
      if (context_.cancelled()) return Error(ErrorCode::kCancelled, "cancelled");
      rows_.push_back({std::string(rows.key()), rows.row().seq()});
      key_bytes_ += rows.key().size() + sizeof(FlushedRow);
      if (rows_.size() % kRowsPerRemoval == 0)
        context_.NoteMemory(static_cast<std::int64_t>(key_bytes_));
      return std::optional(rows.row());
    };
    const std::string prefix = PartitionPrefix(table_->id, user_);
    const std::uint64_t bytes =
        parts_.store.ApproximateBytes(kv::Family::kHot, prefix, PrefixSuccessor(prefix));
    const std::uint64_t bytes_per_row = rows.key().size() + rows.row().bytes().size();
    return builder.Write(next, {.rows = bytes / bytes_per_row, .bytes_per_row = bytes_per_row});
  }

  // Nobody else changes this table's manifests: its jobs run one at a time.
  Status Publish(cold::ManifestChange::Added added, SegmentBuilder& builder) {
    KALAM_TRY_ASSIGN(const auto base, parts_.manifests.Load(table_->id, user_.text(), nullptr));
    added.segment.id = base->NextSegmentId();
    added.keys.reserve(rows_.size());
    for (const FlushedRow& row : rows_) added.keys.push_back(row.key);
    cold::ManifestChange change;
    change.added.push_back(std::move(added));
    kv::Batch batch;
    // Rows leave the hot store in jobs of this table and with their table or user: whose removal is not undone here.
    KALAM_TRY_ASSIGN(const kv::Expectation unchanged,
                     parts_.manifests.Publish(table_->id, user_.text(), base, change, batch));
    const kv::Expectation expected[] = {
        unchanged,
        {.family = kv::Family::kHot, .key = PartitionPrefix(table_->id, user_) + rows_.front().key}};
    cold::Garbage::Settle(change.added.front().segment, batch);
    KALAM_TRY_ASSIGN(const Seq written, parts_.committer.WriteAbout(table_->id, batch, expected));
    builder.Published();
    published_ = change.added.front().segment;
    return parts_.committer.WaitDurable(written);
  }

  // A drop of the table or of the user that looked for files before this one was published.
  Status DiscardIfDropped() {
    KALAM_TRY_ASSIGN(const auto manifest, parts_.manifests.Load(table_->id, user_.text(), nullptr));
    const bool there = std::ranges::any_of(
        manifest->entries(), [&](const auto& entry) { return entry->segment.file == published_->file; });
    if (!there) parts_.garbage.Abandon(*published_, true);
    return {};
  }

  Status RemoveHotRows() {
    for (auto rest = std::span<const FlushedRow>(rows_); !rest.empty();) {
      KALAM_TRY_ASSIGN(const std::size_t done, RemoveSome(rest));
      if (rest.size() == rows_.size()) KALAM_TRY(Reach(parts_, "flush: first hot rows removed"));
      rest = rest.subspan(done);
    }
    return Reach(parts_, "flush: hot rows removed");
  }

  // How many of the rows are dealt with.
  Result<std::size_t> RemoveSome(std::span<const FlushedRow> rows) {
    auto done = parts_.writer.RemoveFlushed(*table_, user_, *recording_, rows);
    if (done.ok() || done.error().code() != ErrorCode::kUnavailable) return done;
    const auto first = rows.first(std::min(kRowsPerRemoval, rows.size()));
    KALAM_TRY(parts_.writer.RemoveFlushed(*table_, user_, first));
    return first.size();
  }

  const FlushParts& parts_;
  const TableDefPtr table_;
  const UserId& user_;
  JobContext& context_;
  const std::unique_ptr<table::ChangeRecording> recording_;  // of what is written while this runs
  std::vector<FlushedRow> rows_;
  std::size_t key_bytes_ = 0;
  bool first_row_ = true;
  std::optional<cold::Segment> published_;
};

}  // namespace

Result<FlushedPartition> FlushPartition(const FlushParts& parts, TableId id, const UserId& user,
                                        JobContext& context) {
  for (int attempt = 1;; ++attempt) {
    const TableDefPtr table = parts.catalog.FindTable(id);
    if (!table) return Error(ErrorCode::kNotFound, "the table was dropped");
    auto flushed = PartitionFlush(parts, table, user, context).Run();
    // The snapshot had rows of a newer schema.
    const bool altered = !flushed.ok() && flushed.error().code() == ErrorCode::kConflict;
    if (!altered || attempt == kAttempts) return flushed;
  }
}

}  // namespace kalam::jobs
