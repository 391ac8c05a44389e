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

// Entries that the next manifest shares are counted in both: rather too much.
std::size_t BytesOf(const Manifest& manifest) {
  std::size_t bytes = sizeof(Manifest);
  for (const auto& entry : manifest.entries()) {
    bytes += sizeof(*entry) + entry->filter->bytes() + 400;
    if (entry->hidden) bytes += entry->hidden->size() * 40;
  }
  return bytes;
}

// Steps through the values of one kind, which are those of some segments of a partition, beside the segments
// themselves.
class Beside {
 public:
  Beside(const kv::Store& store, std::string prefix, const kv::SnapshotPtr& snapshot)
      : prefix_(std::move(prefix)),
        it_(store.NewIterator(Family::kMeta,
                              {.snapshot = snapshot, .lower = prefix_, .upper = PrefixSuccessor(prefix_)})) {
    it_->SeekToFirst();
  }
  // The value of the segment with this end of its key, which is behind that of the call before; nullopt: none.
  Result<std::optional<std::string_view>> Of(std::string_view suffix) {
    while (it_->Valid() && it_->key().substr(prefix_.size()) < suffix) it_->Next();
    KALAM_TRY(it_->status());
    if (!it_->Valid() || it_->key().substr(prefix_.size()) != suffix) return std::optional<std::string_view>();
    return std::optional(it_->value());
  }

 private:
  const std::string prefix_;
  const std::unique_ptr<kv::Iterator> it_;
};

// All keys of added segments, ascending.
std::vector<std::string> KeysOf(const ManifestChange& change) {
  std::vector<std::string> keys;
  for (const auto& added : change.added) keys.insert(keys.end(), added.keys.begin(), added.keys.end());
  if (change.added.size() > 1) std::ranges::sort(keys);
  return keys;
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

Manifest::Manifest(std::uint64_t version, std::vector<EntryPtr> entries)
    : version_(version), entries_(std::move(entries)) {
  by_first_key_.reserve(entries_.size());
  furthest_.reserve(entries_.size());
  for (const EntryPtr& entry : entries_) {
    by_first_key_.push_back(entry.get());
    live_rows_ += entry->LiveRows();
  }
  std::ranges::sort(by_first_key_, {}, [](const Entry* entry) -> const std::string& { return entry->segment.min_key; });
  for (const Entry* entry : by_first_key_) {
    const bool further = furthest_.empty() || furthest_.back()->segment.max_key < entry->segment.max_key;
    furthest_.push_back(further ? entry : furthest_.back());
  }
}

Manifest::Places::const_iterator Manifest::FirstFrom(std::string_view key) const {
  return std::ranges::lower_bound(by_first_key_, key, {},
                                  [](const Entry* entry) -> std::string_view { return entry->segment.min_key; });
}

Manifest::Places::const_iterator Manifest::FirstBeyond(std::string_view key) const {
  return std::ranges::upper_bound(by_first_key_, key, {},
                                  [](const Entry* entry) -> std::string_view { return entry->segment.min_key; });
}

Manifest::Places::const_iterator Manifest::FirstReaching(std::string_view key) const {
  const auto place = std::ranges::lower_bound(
      furthest_, key, {}, [](const Entry* entry) -> std::string_view { return entry->segment.max_key; });
  return by_first_key_.begin() + (place - furthest_.begin());
}

std::optional<std::string> Manifest::MaxKey(std::string_view lower, const std::optional<std::string>& upper) const {
  const auto end = upper ? FirstFrom(*upper) : by_first_key_.end();
  if (end == by_first_key_.begin()) return std::nullopt;
  const std::string& max = furthest_[static_cast<std::size_t>(end - by_first_key_.begin()) - 1]->segment.max_key;
  return max < lower ? std::nullopt : std::optional(max);
}

// Manifests by partition, the least recently used ones leaving first. Of each partition the latest one that anybody
// asked for or published, and the one before it: while a new one is not durable yet, readers still see that.
struct ManifestStore::Cache {
  explicit Cache(std::size_t max_bytes) : max(max_bytes) {}

  ManifestPtr Find(const std::string& partition, std::uint64_t version) {
    std::lock_guard lock(mutex);
    const auto it = by_partition.find(partition);
    if (it == by_partition.end()) return nullptr;
    used.splice(used.begin(), used, it->second);
    for (const ManifestPtr& manifest : {it->second->latest, it->second->before}) {
      if (manifest && manifest->version() == version) return manifest;
    }
    return nullptr;
  }

  // What a reader had to read.
  void Keep(const std::string& partition, ManifestPtr manifest) {
    std::lock_guard lock(mutex);
    const auto it = by_partition.find(partition);
    if (it == by_partition.end()) return Put(partition, std::move(manifest), nullptr);
    ManifestPtr latest = it->second->latest, before = it->second->before;
    if (manifest->version() > latest->version()) {
      Put(partition, std::move(manifest), std::move(latest));
    } else if (manifest->version() < latest->version() && (!before || before->version() < manifest->version())) {
      Put(partition, std::move(latest), std::move(manifest));
    }  // else of an old snapshot
  }

  void KeepPublished(const std::string& partition, ManifestPtr latest, ManifestPtr before) {
    std::lock_guard lock(mutex);
    Put(partition, std::move(latest), std::move(before));
  }

  // With mutex held.
  void Put(const std::string& partition, ManifestPtr latest, ManifestPtr before) {
    if (const auto it = by_partition.find(partition); it != by_partition.end()) {
      bytes -= it->second->bytes;
      used.erase(it->second);
      by_partition.erase(it);
    }
    const std::size_t size = BytesOf(*latest) + (before ? BytesOf(*before) : 0) + partition.size();
    used.push_front({partition, std::move(latest), std::move(before), size});
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
    ManifestPtr latest;
    ManifestPtr before;  // may be null
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
  std::vector<Manifest::EntryPtr> entries;
  const std::string prefix = std::string(kSegments) + partition;
  Beside filters(store_, std::string(kFilters) + partition, snapshot);
  Beside all_hidden(store_, std::string(kHidden) + partition, snapshot);
  const auto it = store_.NewIterator(
      Family::kMeta, {.snapshot = snapshot, .lower = prefix, .upper = PrefixSuccessor(prefix)});
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    KALAM_TRY_ASSIGN(Segment segment, DecodeSegment(it->value()));
    const std::string_view suffix = it->key().substr(prefix.size());
    KALAM_TRY_ASSIGN(const auto filter_bytes, filters.Of(suffix));
    if (!filter_bytes) {
      return Error(ErrorCode::kCorruption, "segment '" + segment.file.text() + "' has no key filter");
    }
    KALAM_TRY_ASSIGN(KeyFilter filter, KeyFilter::Decode(std::string(*filter_bytes)));
    auto entry = std::make_shared<Manifest::Entry>(
        Manifest::Entry{std::move(segment), std::make_shared<const KeyFilter>(std::move(filter)), nullptr});
    KALAM_TRY_ASSIGN(const auto hidden_bytes, all_hidden.Of(suffix));
    if (hidden_bytes) {
      KALAM_TRY_ASSIGN(auto keys, DecodeHiddenKeys(*hidden_bytes));
      entry->hidden = std::make_shared<const HiddenKeys>(std::move(keys));
    }
    entries.push_back(std::move(entry));
  }
  KALAM_TRY(it->status());
  return ManifestPtr(std::make_shared<const Manifest>(version, std::move(entries)));
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

Result<kv::Expectation> ManifestStore::Publish(TableId table, std::string_view user, const ManifestPtr& base,
                                               const ManifestChange& change, kv::Batch& batch) {
  {
    // Before anybody can see the segments: a reader that finds the table here and no version loses
    // nothing.
    std::unique_lock lock(tables_mutex_);
    tables_.insert(table);
  }
  kv::Expectation expected{.kind = kv::Expectation::Kind::kAbsent, .key = PartitionKey(kVersions, table, user)};
  if (base->version() > 0) {
    expected.kind = kv::Expectation::Kind::kHasValue;
    AppendLittleEndian(expected.value, base->version());
  }
  // A partition that was dropped and comes back must not meet its old manifests in the cache.
  std::uint64_t next = base->version() + 1;
  if (base->version() == 0 && !change.added.empty())
    next = std::max(next, static_cast<std::uint64_t>(change.added.front().segment.created_at));
  std::string version;
  AppendLittleEndian(version, next);
  batch.Put(Family::kMeta, expected.key, version);

  const std::vector<std::string> keys = KeysOf(change);
  const std::unordered_set<SegmentId> removed(change.removed.begin(), change.removed.end());
  std::vector<Manifest::EntryPtr> entries;
  for (const auto& entry : base->entries()) {
    const SegmentId id = entry->segment.id;
    if (removed.contains(id)) {
      for (const std::string_view kind : {kSegments, kFilters, kHidden}) {
        batch.Delete(Family::kMeta, SegmentKey(kind, table, user, id));
      }
      continue;
    }
    entries.push_back(entry);
    HiddenKeys hide = entry->HiddenWith(keys);
    if (hide.size() == (entry->hidden ? entry->hidden->size() : 0)) continue;
    batch.Put(Family::kMeta, SegmentKey(kHidden, table, user, id), EncodeHiddenKeys(hide));
    auto changed = std::make_shared<Manifest::Entry>(*entry);
    changed->hidden = std::make_shared<const HiddenKeys>(std::move(hide));
    entries.back() = std::move(changed);
  }
  for (const auto& added : change.added) {
    const SegmentId id = added.segment.id;
    batch.Put(Family::kMeta, SegmentKey(kSegments, table, user, id), EncodeSegment(added.segment));
    batch.Put(Family::kMeta, SegmentKey(kFilters, table, user, id), added.filter);
    KALAM_TRY_ASSIGN(KeyFilter filter, KeyFilter::Decode(added.filter));
    auto entry = std::make_shared<Manifest::Entry>(
        Manifest::Entry{added.segment, std::make_shared<const KeyFilter>(std::move(filter)), nullptr});
    if (!added.hidden.empty()) {
      batch.Put(Family::kMeta, SegmentKey(kHidden, table, user, id), EncodeHiddenKeys(added.hidden));
      entry->hidden = std::make_shared<const HiddenKeys>(added.hidden);
    }
    entries.push_back(std::move(entry));
  }
  cache_->KeepPublished(expected.key.substr(kVersions.size()),
                        std::make_shared<const Manifest>(next, std::move(entries)), base);
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
