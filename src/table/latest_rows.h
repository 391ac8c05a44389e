#pragma once

#include "base/result.h"
#include "cold/cold_rows.h"
#include "kv/pinned_value.h"
#include "kv/store.h"
#include "model/ids.h"
#include "model/table_def.h"
#include "table/committer.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::table {

// The newest versions of rows, wherever they lie: what a writer decides on. Used by one operation
// on one thread.
//
// Cold rows are read before the latches are taken (Prefetch) and stand as long as their partition's
// manifest is the same under the latch; otherwise they are read again there, which a flush or a
// compaction in between makes necessary.
class LatestRows {
 public:
  // `cold` may be null.
  LatestRows(kv::Store& store, const cold::ColdRows* cold, Blocking blocking)
      : store_(store), cold_(cold), blocking_(blocking) {}
  // A read may have lent a block of the engine's cache: not longer than the operation.
  ~LatestRows() { latest_.Reset(); }

  // Is there anything to prefetch? Not in tables that were never flushed, nor with
  // Blocking::kNever.
  bool MayPrefetch(const TableDef& table) const {
    return cold_ != nullptr && blocking_ == Blocking::kAllowed &&
           cold_->manifests().MayHaveSegments(table.id);
  }
  // Without a latch: reads those of the keys (any order) that are not hot and may be cold. Errors:
  // those of cold::ColdRows::Get, kIo.
  Status Prefetch(const TableDef& table, std::string_view user, std::vector<std::string> keys);

  // Under the key's latch: the row as it is stored, also a tombstone, of any schema version; empty:
  // none. Valid until the next call. With Blocking::kNever look at would_block() first: the answer
  // may be unknown.
  Result<std::string_view> Find(const TableDef& table, std::string_view user,
                                std::string_view partition, std::string_view key);

  // No row at all has a key from `first` to `last`: what a batch of new, ascending keys finds. As
  // Find.
  Result<bool> RangeIsEmpty(const TableDef& table, std::string_view user,
                            std::string_view partition, std::string_view first,
                            std::string_view last);

  bool would_block() const { return would_block_; }
  // The highest seq of a row that was found.
  Seq observed() const { return observed_; }

 private:
  kv::ReadTier tier() const {
    return blocking_ == Blocking::kNever ? kv::ReadTier::kCacheOnly : kv::ReadTier::kAny;
  }
  // Null with would_block().
  Result<cold::ManifestPtr> Manifest(const TableDef& table, std::string_view user);
  Result<std::string_view> FindCold(const TableDef& table, std::string_view user,
                                    std::string_view partition, std::string_view key);
  Result<std::string_view> Found(std::string_view row);

  struct Partition {
    std::uint64_t version = 0;                             // of the manifest
    std::map<std::string, std::string, std::less<>> rows;  // by key; empty: looked for, not there
  };

  kv::Store& store_;
  const cold::ColdRows* const cold_;
  const Blocking blocking_;
  bool would_block_ = false;
  Seq observed_;
  std::string hot_key_;
  kv::PinnedValue latest_;
  std::string cold_row_;
  std::map<std::string, Partition, std::less<>> prefetched_;  // by partition prefix
};

}  // namespace kalam::table
