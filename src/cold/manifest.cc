#include "cold/manifest.h"

#include "base/bytes.h"
#include "kv/iterator.h"
#include "kv/pinned_value.h"
#include "model/key_codec.h"

#include <algorithm>
#include <list>
#include <mutex>
#include <unordered_map>

namespace kalam::cold {
namespace {

using kv::Family;

constexpr std::string_view kVersions = "cold/v/";
constexpr std::string_view kSegments = "cold/s/";
constexpr std::string_view kFilters = "cold/f/";
constexpr std::string_view kHidden = "cold/h/";
constexpr std::string_view kAllKinds[] = {kVersions, kSegments, kFilters, kHidden};

const ManifestPtr& NoSegments() {
  static const ManifestPtr none = std::make_shared<const Manifest>();
  return none;
}

std::string PartitionKey(std::string_view kind, TableId table, std::string_view user) {
  std::string key(kind);
  AppendPartitionPrefix(key, table, user);
  return key;
}

std::string SegmentKey(std::string_view kind, TableId table, std::string_view user, SegmentId id) {
  std::string key = PartitionKey(kind, table, user);
  AppendBigEndian(key, id.value());
  return key;
}

std::size_t BytesOf(const Manifest& manifest) {
  std::size_t bytes = sizeof(Manifest);
  for (const auto& entry : manifest.entries) {
    bytes += sizeof(entry) + entry.filter->bytes() + 300;
    if (entry.hidden) bytes += entry.hidden->size() * 40;
  }
  return bytes;
}

}  // namespace

HiddenKeys Manifest::Entry::HiddenWith(const std::vector<std::string>& keys) const {
  HiddenKeys all;
  auto key = std::lower_bound(keys.begin(), keys.end(), segment.min_key);
  for (; key != keys.end() && *key <= segment.max_key; ++key) {
    if (MayContain(*key)) all.push_back(*key);
  }
  if (all.empty()) return hidden ? *hidden : HiddenKeys();
  if (hidden) all.insert(all.end(), hidden->begin(), hidden->end());
  std::sort(all.begin(), all.end());
  return all;
}

std::optional<std::string> Manifest::MaxKey(std::string_view lower, const std::optional<std::string>& upper) const {
  std::optional<std::string> max;
  for (const auto& [segment, filter, hidden] : entries) {
    if (segment.max_key < lower || (upper && segment.min_key >= *upper)) continue;
    if (!max || segment.max_key > *max) max = segment.max_key;
  }
  return max;
}

// Manifests by partition, the least recently used ones leaving first. An entry serves every
// snapshot that shows its version.
struct ManifestStore::Cache {
  explicit Cache(std::size_t max_bytes) : max(max_bytes) {}

  ManifestPtr Find(const std::string& partition, std::uint64_t version) {
    std::lock_guard lock(mutex);
    const auto it = by_partition.find(partition);
    if (it == by_partition.end() || it->second->manifest->version != version) return nullptr;
    used.splice(used.begin(), used, it->second);
    return it->second->manifest;
  }

  void Keep(const std::string& partition, ManifestPtr manifest) {
    std::lock_guard lock(mutex);
    const auto it = by_partition.find(partition);
    if (it != by_partition.end()) {
      if (it->second->manifest->version > manifest->version) return;  // a reader of an old snapshot
      bytes -= it->second->bytes;
      used.erase(it->second);
      by_partition.erase(it);
    }
    const std::size_t size = BytesOf(*manifest) + partition.size();
    used.push_front({partition, std::move(manifest), size});
    by_partition.emplace(partition, used.begin());
    bytes += size;
    while (bytes > max && used.size() > 1) {
      bytes -= used.back().bytes;
      by_partition.erase(used.back().partition);
      used.pop_back();
    }
  }

  struct Item {
    std::string partition;
    ManifestPtr manifest;
    std::size_t bytes;
  };
  const std::size_t max;
  std::mutex mutex;
  std::list<Item> used;  // guarded by mutex, as all below
  std::unordered_map<std::string, std::list<Item>::iterator> by_partition;
  std::size_t bytes = 0;
};

ManifestStore::ManifestStore(kv::Store& store, std::size_t cache_bytes)
    : store_(store), cache_(std::make_unique<Cache>(cache_bytes)) {}
ManifestStore::~ManifestStore() = default;

Result<std::unique_ptr<ManifestStore>> ManifestStore::Open(kv::Store& store,
                                                           std::size_t cache_bytes) {
  std::unique_ptr<ManifestStore> manifests(new ManifestStore(store, cache_bytes));
  // One step a table, however many partitions it has.
  const auto it = store.NewIterator(
      Family::kMeta, {.lower = std::string(kVersions), .upper = PrefixSuccessor(kVersions)});
  it->SeekToFirst();
  while (it->Valid()) {
    const std::string_view key = it->key().substr(kVersions.size());
    if (key.size() < sizeof(std::uint32_t))
      return Error(ErrorCode::kCorruption, "cold/v/: key is too short");
    const TableId table(LoadBigEndian<std::uint32_t>(key.data()));
    manifests->tables_.insert(table);
    it->Seek(PrefixSuccessor(std::string(kVersions) + TablePrefix(table)));
  }
  KALAM_TRY(it->status());
  return manifests;
}

bool ManifestStore::MayHaveSegments(TableId table) const {
  std::shared_lock lock(tables_mutex_);
  return tables_.contains(table);
}

Result<ManifestPtr> ManifestStore::Load(TableId table, std::string_view user,
                                        const kv::SnapshotPtr& snapshot, kv::ReadTier tier) const {
  if (!MayHaveSegments(table)) return NoSegments();
  std::string partition;
  AppendPartitionPrefix(partition, table, user);
  return LoadPartition(partition, snapshot, tier);
}

Result<ManifestPtr> ManifestStore::LoadPartition(const std::string& partition,
                                                 const kv::SnapshotPtr& snapshot,
                                                 kv::ReadTier tier) const {
  kv::PinnedValue value;
  KALAM_TRY_ASSIGN(const auto found,
                   store_.Get(Family::kMeta, std::string(kVersions) + partition, value,
                              {.snapshot = snapshot.get(), .tier = tier}));
  if (found == kv::ReadOutcome::kWouldBlock) return ManifestPtr();
  if (found == kv::ReadOutcome::kNotFound) return NoSegments();
  if (value.view().size() != sizeof(std::uint64_t))
    return Error(ErrorCode::kCorruption, "cold/v/: wrong length");
  const auto version = LoadLittleEndian<std::uint64_t>(value.view().data());
  if (ManifestPtr cached = cache_->Find(partition, version)) return cached;
  if (tier == kv::ReadTier::kCacheOnly) return ManifestPtr();
  // Version and segments must be of one moment.
  if (!snapshot) return LoadPartition(partition, store_.TakeSnapshot(), tier);
  KALAM_TRY_ASSIGN(ManifestPtr manifest, Read(partition, version, snapshot));
  cache_->Keep(partition, manifest);
  return manifest;
}

Result<ManifestPtr> ManifestStore::Read(const std::string& partition, std::uint64_t version,
                                        const kv::SnapshotPtr& snapshot) const {
  auto manifest = std::make_shared<Manifest>();
  manifest->version = version;
  const std::string prefix = std::string(kSegments) + partition;
  const auto it = store_.NewIterator(
      Family::kMeta, {.snapshot = snapshot, .lower = prefix, .upper = PrefixSuccessor(prefix)});
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    KALAM_TRY_ASSIGN(Segment segment, DecodeSegment(it->value()));
    const std::string suffix = partition + std::string(it->key().substr(prefix.size()));
    kv::PinnedValue value;
    KALAM_TRY_ASSIGN(const auto has_filter,
                     store_.Get(Family::kMeta, std::string(kFilters) + suffix, value,
                                {.snapshot = snapshot.get()}));
    if (has_filter != kv::ReadOutcome::kFound) {
      return Error(ErrorCode::kCorruption,
                   "segment '" + segment.file.text() + "' has no key filter");
    }
    KALAM_TRY_ASSIGN(KeyFilter filter, KeyFilter::Decode(std::string(value.view())));
    KALAM_TRY_ASSIGN(const auto has_hidden, store_.Get(Family::kMeta, std::string(kHidden) + suffix,
                                                       value, {.snapshot = snapshot.get()}));
    std::shared_ptr<const HiddenKeys> hidden;
    if (has_hidden == kv::ReadOutcome::kFound) {
      KALAM_TRY_ASSIGN(auto keys, DecodeHiddenKeys(value.view()));
      hidden = std::make_shared<const HiddenKeys>(std::move(keys));
    }
    manifest->entries.push_back({std::move(segment),
                                 std::make_shared<const KeyFilter>(std::move(filter)),
                                 std::move(hidden)});
  }
  KALAM_TRY(it->status());
  return ManifestPtr(std::move(manifest));
}

Status ManifestStore::ForEachValue(std::string_view kind, TableId table, std::optional<std::string_view> user,
                                   const kv::SnapshotPtr& snapshot,
                                   const std::function<Status(std::string_view)>& use) const {
  const std::string prefix = user ? PartitionKey(kind, table, *user) : std::string(kind) + TablePrefix(table);
  const auto it =
      store_.NewIterator(Family::kMeta, {.snapshot = snapshot, .lower = prefix, .upper = PrefixSuccessor(prefix)});
  for (it->SeekToFirst(); it->Valid(); it->Next()) KALAM_TRY(use(it->value()));
  return it->status();
}

Status ManifestStore::ForEachSegment(TableId table, std::optional<std::string_view> user,
                                     const kv::SnapshotPtr& snapshot, const UseSegment& use) const {
  return ForEachValue(kSegments, table, user, snapshot, [&](std::string_view value) -> Status {
    KALAM_TRY_ASSIGN(const Segment segment, DecodeSegment(value));
    return use(segment);
  });
}

Result<ManifestStore::Totals> ManifestStore::TotalsOf(TableId table, std::optional<std::string_view> user,
                                                      const kv::SnapshotPtr& snapshot) const {
  Totals totals;
  if (!MayHaveSegments(table)) return totals;
  KALAM_TRY(ForEachSegment(table, user, snapshot, [&](const Segment& segment) -> Status {
    ++totals.files;
    totals.bytes += segment.bytes;
    totals.rows += segment.rows - segment.tombstones;
    return {};
  }));
  std::uint64_t hidden = 0;
  KALAM_TRY(ForEachValue(kHidden, table, user, snapshot, [&](std::string_view value) -> Status {
    KALAM_TRY_ASSIGN(const auto keys, DecodeHiddenKeys(value));
    hidden += keys.size();
    return {};
  }));
  totals.rows -= std::min(totals.rows, hidden);
  return totals;
}

Result<std::vector<std::string>> ManifestStore::Partitions(TableId table,
                                                           const kv::SnapshotPtr& snapshot) const {
  const std::string prefix = std::string(kVersions) + TablePrefix(table);
  const auto it = store_.NewIterator(
      Family::kMeta, {.snapshot = snapshot, .lower = prefix, .upper = PrefixSuccessor(prefix)});
  std::vector<std::string> users;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    std::string_view user = it->key().substr(prefix.size());
    user.remove_suffix(1);  // the 0x00 that ends it
    users.emplace_back(user);
  }
  KALAM_TRY(it->status());
  return users;
}

kv::Expectation ManifestStore::Publish(TableId table, std::string_view user, const Manifest& base,
                                       const ManifestChange& change, kv::Batch& batch) {
  {
    // Before anybody can see the segments: a reader that finds the table here and no version loses
    // nothing.
    std::unique_lock lock(tables_mutex_);
    tables_.insert(table);
  }
  kv::Expectation expected{.kind = kv::Expectation::Kind::kAbsent, .key = PartitionKey(kVersions, table, user)};
  if (base.version > 0) {
    expected.kind = kv::Expectation::Kind::kHasValue;
    AppendLittleEndian(expected.value, base.version);
  }
  // A partition that was dropped and comes back must not meet its old manifests in the cache.
  std::uint64_t next = base.version + 1;
  if (base.version == 0 && !change.added.empty())
    next = std::max(next, static_cast<std::uint64_t>(change.added.front().segment.created_at));
  std::string version;
  AppendLittleEndian(version, next);
  batch.Put(Family::kMeta, expected.key, version);
  for (const auto& added : change.added) {
    batch.Put(Family::kMeta, SegmentKey(kSegments, table, user, added.segment.id),
              EncodeSegment(added.segment));
    batch.Put(Family::kMeta, SegmentKey(kFilters, table, user, added.segment.id), added.filter);
    if (!added.hidden.empty()) {
      batch.Put(Family::kMeta, SegmentKey(kHidden, table, user, added.segment.id), EncodeHiddenKeys(added.hidden));
    }
  }
  for (const auto& entry : base.entries) {
    const SegmentId id = entry.segment.id;
    if (std::find(change.removed.begin(), change.removed.end(), id) != change.removed.end()) {
      for (const std::string_view kind : {kSegments, kFilters, kHidden}) {
        batch.Delete(Family::kMeta, SegmentKey(kind, table, user, id));
      }
      continue;
    }
    std::vector<std::string> keys;
    for (const auto& added : change.added) keys.insert(keys.end(), added.keys.begin(), added.keys.end());
    if (change.added.size() > 1) std::sort(keys.begin(), keys.end());
    const HiddenKeys hide = entry.HiddenWith(keys);
    if (hide.size() == (entry.hidden ? entry.hidden->size() : 0)) continue;
    batch.Put(Family::kMeta, SegmentKey(kHidden, table, user, id), EncodeHiddenKeys(hide));
  }
  return expected;
}

void ManifestStore::DropTable(TableId table, kv::Batch& batch) {
  for (const std::string_view kind : kAllKinds)
    batch.DeletePrefix(Family::kMeta, std::string(kind) + TablePrefix(table));
}

void ManifestStore::DropPartition(TableId table, std::string_view user, kv::Batch& batch) {
  for (const std::string_view kind : kAllKinds)
    batch.DeletePrefix(Family::kMeta, PartitionKey(kind, table, user));
}

}  // namespace kalam::cold
