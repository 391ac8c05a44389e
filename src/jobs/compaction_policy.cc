#include "compaction_policy.h"

#include <algorithm>

namespace kalam::jobs {
namespace {

using Entry = cold::Manifest::Entry;
using EntryPtr = cold::Manifest::EntryPtr;
using Entries = std::vector<EntryPtr>;

// All smaller files are of one tier: opening them costs more than reading them.
constexpr std::uint64_t kSmallFileBytes = std::uint64_t{1} << 20;
// A file belongs to the tier while it is not so many times larger than the smallest of it.
constexpr std::uint64_t kTierFactor = 4;
constexpr std::size_t kMaxFilesAtOnce = 64;

std::uint64_t TierBytes(const Entry& entry) {
  return std::max(entry.segment.bytes, kSmallFileBytes);
}

// The tier of the smallest files that is full.
Entries FullTier(const Entries& by_size, const CompactionPolicy& policy) {
  for (std::size_t begin = 0; begin < by_size.size();) {
    const std::uint64_t limit = TierBytes(*by_size[begin]) * kTierFactor;
    std::uint64_t bytes = 0;
    std::size_t end = begin;
    while (end < by_size.size() && end - begin < kMaxFilesAtOnce &&
           TierBytes(*by_size[end]) < limit &&
           bytes + by_size[end]->segment.bytes <= policy.max_file_bytes) {
      bytes += by_size[end++]->segment.bytes;
    }
    if (end - begin >= policy.min_files)
      return {by_size.begin() + static_cast<std::ptrdiff_t>(begin),
              by_size.begin() + static_cast<std::ptrdiff_t>(end)};
    begin = std::max(end, begin + 1);
  }
  return {};
}

// A small file waits for its merge.
bool ShowsFewOfItsRows(const Entry& entry) {
  return entry.segment.bytes >= kSmallFileBytes && entry.hidden != nullptr &&
         entry.hidden->size() * 3 >= entry.segment.rows;
}

}  // namespace

Entries PickSegments(const cold::Manifest& manifest, const CompactionPolicy& policy,
                     std::optional<TimestampMicros> expired_before) {
  Entries by_size = manifest.entries();
  std::ranges::stable_sort(by_size, {}, [](const EntryPtr& entry) { return entry->segment.bytes; });
  Entries picked = FullTier(by_size, policy);
  if (picked.empty()) {
    const auto wasteful = std::ranges::find_if(by_size, [&](const EntryPtr& entry) {
      const bool expired = entry->segment.tombstones > 0 && expired_before &&
                           entry->segment.created_at < *expired_before;
      return expired || ShowsFewOfItsRows(*entry);
    });
    if (wasteful != by_size.end()) picked.push_back(*wasteful);
  }
  std::ranges::sort(picked, {}, [](const EntryPtr& entry) { return entry->segment.id; });
  return picked;
}

}  // namespace kalam::jobs
