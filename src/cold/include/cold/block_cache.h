#pragma once

#include "cold/row_block.h"
#include "cold/segment.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace kalam::cold {

// Keeps row blocks of segments in memory, those used last, so that rows that are asked for again cost no look into a
// file. A segment never changes, so nothing here becomes stale. Thread-safe; never blocks for I/O.
class BlockCache {
 public:
  // 0: keeps nothing.
  explicit BlockCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // The block that covers the key; null: none is here.
  RowBlockPtr Find(const Segment& segment, std::string_view key);

  // Whether to make a block of what is about to be read. Decoding one costs more than finding a row, which pays when
  // another row of it is read before it has to go. While most go without, only one in eight is made.
  bool Admits();
  // The same for one row that is looked up: no block is made before the segment was asked for half as many rows as it
  // has blocks; the row itself is worth keeping (a block of one).
  bool AdmitsForOneRow(const Segment& segment);
  // Blocks larger than a sixteenth of all are not kept.
  void Keep(const Segment& segment, RowBlockPtr block);

  struct Stats {
    std::uint64_t bytes = 0;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
  };
  Stats stats() const;

 private:
  struct Entry;
  using ByUse = std::list<Entry>;  // the one used last at the front
  using ByFirstKey = std::map<std::string_view, ByUse::iterator>;  // keys lie in the blocks
  using Segments = std::unordered_map<std::string, ByFirstKey>;
  struct Entry {
    RowBlockPtr block;
    Segments::value_type* segment = nullptr;  // where it is found
    bool used_again = false;
  };

  // `blocks`: of its segment.
  void Drop(ByUse::iterator entry, ByFirstKey& blocks);
  // Whether `block` adds nothing to what the segment has; if it does, what it makes superfluous is dropped.
  bool IsKnown(Segments::value_type& of_segment, const RowBlock& block);

  const std::size_t max_bytes_;
  mutable std::mutex mutex_;
  ByUse by_use_;  // guarded by mutex_, as all below
  Segments segments_;
  std::size_t bytes_ = 0;
  std::uint64_t hits_ = 0, misses_ = 0;
  std::unordered_map<std::string, std::uint32_t> rows_asked_;  // by segment
  // Of those that went of late, but for single rows; halved now and then.
  std::uint32_t gone_ = 0, gone_unused_ = 0;
  std::uint32_t passed_over_ = 0;
};

}  // namespace kalam::cold
