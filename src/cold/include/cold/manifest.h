#pragma once

#include "base/result.h"
#include "cold/key_filter.h"
#include "cold/segment.h"
#include "kv/batch.h"
#include "kv/expectation.h"
#include "kv/store.h"
#include "model/ids.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace kalam::cold {

using HiddenKeys = std::vector<std::string>;  // ascending

// The cold rows of one partition at one moment: its segments, oldest first. Of several segments
// that hold a key, all but the newest hide it, so a key is visible in one segment at most.
// Immutable; shared by readers, and its entries with the manifests before and after it.
class Manifest {
 public:
  struct Entry {
    Segment segment;
    std::shared_ptr<const KeyFilter> filter;
    std::shared_ptr<const HiddenKeys> hidden;  // null: none

    // False: certainly no visible version of the key is in this segment.
    bool MayContain(std::string_view key) const {
      return segment.Covers(key) && filter->MayContain(key) && !Hides(key);
    }
    // Later segments have a newer version of it.
    bool Hides(std::string_view key) const { return hidden && std::ranges::binary_search(*hidden, key); }
    // What is hidden here once other segments have these keys (ascending).
    HiddenKeys HiddenWith(const std::vector<std::string>& keys) const;
    // About how many rows are visible, tombstones not counted.
    std::uint64_t LiveRows() const {
      const std::uint64_t gone = segment.tombstones + (hidden ? hidden->size() : 0);
      return segment.rows - std::min(segment.rows, gone);
    }
  };
  using EntryPtr = std::shared_ptr<const Entry>;

  Manifest() = default;
  Manifest(std::uint64_t version, std::vector<EntryPtr> entries);

  std::uint64_t version() const { return version_; }  // grows with each change of the partition; 0: never had segments
  const std::vector<EntryPtr>& entries() const { return entries_; }
  bool empty() const { return entries_.empty(); }
  // Never used before in this partition: each change adds one segment at most.
  SegmentId NextSegmentId() const { return SegmentId(version_ + 1); }

  // Calls `use` for each segment whose range of keys meets lower <= key < upper (nullopt: no bound), by their first
  // key. Steps over others only where ranges overlap: with ten thousand files that follow each other, over none.
  template <typename Use>
  void ForEachWithin(std::string_view lower, const std::optional<std::string>& upper, Use use) const {
    const auto end = upper ? FirstFrom(*upper) : by_first_key_.end();
    for (auto place = FirstReaching(lower); place < end; ++place) {
      if ((*place)->segment.max_key >= lower) use(**place);
    }
  }
  // False: certainly no version of the key is cold.
  bool MayContain(std::string_view key) const {
    const auto end = FirstBeyond(key);
    for (auto place = FirstReaching(key); place < end; ++place) {
      if ((*place)->MayContain(key)) return true;
    }
    return false;
  }
  // The highest key that a segment may hold of lower <= key < upper (nullopt: no bound); nullopt: none has any.
  std::optional<std::string> MaxKey(std::string_view lower, const std::optional<std::string>& upper) const;
  // What LiveRows of the segments make together.
  std::uint64_t live_rows() const { return live_rows_; }

 private:
  using Places = std::vector<const Entry*>;
  // The first one, by first keys, that begins at the key or behind it; that begins behind it; from which on segments
  // may end at the key or behind it.
  Places::const_iterator FirstFrom(std::string_view key) const;
  Places::const_iterator FirstBeyond(std::string_view key) const;
  Places::const_iterator FirstReaching(std::string_view key) const;

  std::uint64_t version_ = 0;
  std::vector<EntryPtr> entries_;
  Places by_first_key_;
  Places furthest_;  // of by_first_key_ up to the same place, the one with the highest last key
  std::uint64_t live_rows_ = 0;
};
using ManifestPtr = std::shared_ptr<const Manifest>;

// What a flush or a compaction does to a partition, all at once.
struct ManifestChange {
  struct Added {
    Segment segment;
    std::string filter;             // KeyFilter::Builder::Finish
    // All its keys, ascending. None when no other segment shows them: those of merged segments.
    std::vector<std::string> keys;
    HiddenKeys hidden = {};  // keys of it that other segments of the change show
  };
  std::vector<Added> added = {};
  std::vector<SegmentId> removed = {};  // merged into what is added
};

// The manifests of all partitions, stored in the `meta` family beside everything else: they change
// in the one commit order, and a snapshot of the store shows hot rows and segments of the same
// moment, so a flush is never seen half.
//
//   cold/v/ | partition               -> version u64 LE
//   cold/s/ | partition | id u64 BE   -> segment (segment.h)
//   cold/f/ | partition | id u64 BE   -> key filter
//   cold/h/ | partition | id u64 BE   -> hidden keys
//
// with partition as in key_codec.h. Thread-safe. A partition has one publisher at a time (its
// table's job).
class ManifestStore {
 public:
  // `store` must outlive it. Errors: what reading the store gives.
  static Result<std::unique_ptr<ManifestStore>> Open(kv::Store& store, std::size_t cache_bytes);
  ~ManifestStore();

  // The hot path of tables that were never flushed: false means that no partition of it has
  // segments.
  bool MayHaveSegments(TableId table) const;

  // The partition as `snapshot` shows it (null: the latest state). One small read when it is in the
  // cache. With kCacheOnly the answer is null when the disk would have to be read. Errors:
  // kCorruption, kIo.
  Result<ManifestPtr> Load(TableId table, std::string_view user, const kv::SnapshotPtr& snapshot,
                           kv::ReadTier tier = kv::ReadTier::kAny) const;

  // What the segments of a table, or of one partition of it, hold together.
  struct Totals {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    std::uint64_t rows = 0;  // without tombstones and without versions that newer segments hide
  };
  // Calls `use` for each segment of a table, or of one partition of it. A failure of it ends the walk.
  using UseSegment = std::function<Status(const Segment&)>;
  Status ForEachSegment(TableId table, std::optional<std::string_view> user, const kv::SnapshotPtr& snapshot,
                        const UseSegment& use) const;
  Result<Totals> TotalsOf(TableId table, std::optional<std::string_view> user, const kv::SnapshotPtr& snapshot) const;

  // The users (empty id: SHARED) that have segments in a table, ascending.
  Result<std::vector<std::string>> Partitions(TableId table, const kv::SnapshotPtr& snapshot) const;

  // Adds to `batch` what turns `base`, the partition's latest manifest, into the changed one. The
  // caller writes the batch in the commit order, under the expectation that is returned: that the
  // partition is still at `base` (a user's removal may have come in between). Keys of added segments
  // are hidden in the segments that may hold them; segments of one change must not share keys.
  // The changed manifest is in the cache before anybody can see its version: nobody has to read thousands of
  // segments because one was added. When the batch is not written, no snapshot ever shows that version, until the
  // next Publish replaces it.
  // Errors: kCorruption when an added filter is of an unknown form.
  Result<kv::Expectation> Publish(TableId table, std::string_view user, const ManifestPtr& base,
                                  const ManifestChange& change, kv::Batch& batch);

  // Adds the removal of everything about a table, or about one partition of it.
  static void DropTable(TableId table, kv::Batch& batch);
  static void DropPartition(TableId table, std::string_view user, kv::Batch& batch);

 private:
  struct Cache;
  ManifestStore(kv::Store& store, std::size_t cache_bytes);

  Status ForEachValue(std::string_view kind, TableId table, std::optional<std::string_view> user,
                      const kv::SnapshotPtr& snapshot, const std::function<Status(std::string_view)>& use) const;
  // As Load, of a table that may have segments.
  Result<ManifestPtr> LoadPartition(const std::string& partition, const kv::SnapshotPtr& snapshot,
                                    kv::ReadTier tier) const;
  Result<ManifestPtr> Read(const std::string& partition, std::uint64_t version,
                           const kv::SnapshotPtr& snapshot) const;

  kv::Store& store_;
  std::unique_ptr<Cache> cache_;
  mutable std::shared_mutex tables_mutex_;
  std::unordered_set<TableId> tables_;  // guarded by tables_mutex_; grows only
};

}  // namespace kalam::cold
