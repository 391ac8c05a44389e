#include "cold/block_cache.h"

#include <iterator>
#include <utility>

namespace kalam::cold {
namespace {

// What an entry takes beside its block, about.
constexpr std::size_t kEntryBytes = 256;
constexpr std::uint32_t kRemembered = 256;
constexpr std::uint32_t kOneIn = 8;
constexpr std::uint64_t kRowsOfABlock = 2'048;
constexpr std::size_t kMostSegmentsCounted = 4'096;

// A name alone may come again, once its file is gone.
std::string NameOf(const Segment& segment) { return segment.sha256 + segment.file.text(); }

std::size_t CostOf(const RowBlock& block) { return block.memory() + kEntryBytes; }

}  // namespace

RowBlockPtr BlockCache::Find(const Segment& segment, std::string_view key) {
  const std::string name = NameOf(segment);
  const std::lock_guard lock(mutex_);
  if (const auto found = segments_.find(name); found != segments_.end()) {
    const auto after = found->second.upper_bound(key);
    if (after != found->second.begin()) {
      const ByUse::iterator entry = std::prev(after)->second;
      if (entry->block->Covers(key)) {
        entry->used_again = true;
        by_use_.splice(by_use_.begin(), by_use_, entry);
        ++hits_;
        return entry->block;
      }
    }
  }
  ++misses_;
  return nullptr;
}

bool BlockCache::Admits() {
  const std::lock_guard lock(mutex_);
  if (max_bytes_ == 0) return false;
  return gone_unused_ * 2 <= gone_ || ++passed_over_ % kOneIn == 0;
}

bool BlockCache::AdmitsForOneRow(const Segment& segment) {
  {
    const std::string name = NameOf(segment);
    const std::lock_guard lock(mutex_);
    if (rows_asked_.size() >= kMostSegmentsCounted && !rows_asked_.contains(name)) rows_asked_.clear();
    if (std::uint64_t{2} * ++rows_asked_[name] < segment.rows / kRowsOfABlock) return false;
  }
  return Admits();
}

bool BlockCache::IsKnown(Segments::value_type& of_segment, const RowBlock& block) {
  ByFirstKey& blocks = of_segment.second;
  const std::string_view first = block.key(0), last = block.key(block.size() - 1);
  auto next = blocks.upper_bound(first);
  if (next != blocks.begin()) {
    // Two threads may have made the same one.
    const auto before = std::prev(next);
    const RowBlock& other = *before->second->block;
    if (other.Covers(first) && other.Covers(last)) return true;
    if (before->first == first) Drop(before->second, blocks);
  }
  // A single row would hide the block around it.
  while (next != blocks.end() && next->first <= last) {
    const auto here = next++;
    if (here->second->block->size() == 1) Drop(here->second, blocks);
  }
  return false;
}

void BlockCache::Keep(const Segment& segment, RowBlockPtr block) {
  const std::size_t cost = CostOf(*block);
  if (block->empty() || cost > max_bytes_ / 16) return;
  const std::string name = NameOf(segment);
  const std::lock_guard lock(mutex_);
  auto& of_segment = *segments_.try_emplace(name).first;
  if (IsKnown(of_segment, *block)) return;
  by_use_.push_front({std::move(block), &of_segment});
  of_segment.second.emplace(by_use_.front().block->key(0), by_use_.begin());
  bytes_ += cost;
  while (bytes_ > max_bytes_) {
    const auto last = std::prev(by_use_.end());
    if (last->block->size() > 1) {
      ++gone_;
      if (!last->used_again) ++gone_unused_;
      if (gone_ >= kRemembered) {
        gone_ /= 2;
        gone_unused_ /= 2;
      }
    }
    auto& [name_of_last, blocks] = *last->segment;
    Drop(last, blocks);
    if (blocks.empty()) segments_.erase(segments_.find(name_of_last));
  }
}

void BlockCache::Drop(ByUse::iterator entry, ByFirstKey& blocks) {
  bytes_ -= CostOf(*entry->block);
  blocks.erase(entry->block->key(0));
  by_use_.erase(entry);
}

BlockCache::Stats BlockCache::stats() const {
  const std::lock_guard lock(mutex_);
  return {bytes_, hits_, misses_};
}

}  // namespace kalam::cold
