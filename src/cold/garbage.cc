#include "cold/garbage.h"

#include "base/bytes.h"
#include "base/log.h"
#include "cold/file_digest.h"
#include "kv/iterator.h"
#include "kv/pinned_value.h"

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace kalam::cold {
namespace {

using kv::Family;

constexpr std::string_view kPrefix = "cold/g/";

std::string KeyOf(const Segment& segment) {
  std::string key(kPrefix);
  key.append(segment.storage_id).push_back('\0');
  key.append(segment.root).push_back('\0');
  return key + segment.file.text();
}

struct Item {
  std::string key;
  bool claim = false;
  Segment segment;
};

std::string ValueOf(const Segment& segment, TimestampMicros due, bool claim) {
  std::string value;
  AppendLittleEndian(value, due);
  value += static_cast<char>(claim);
  return value + EncodeSegment(segment);
}

constexpr std::size_t kHeaderBytes = sizeof(TimestampMicros) + 1;

// Is the file the one that was claimed, and not another's under the same name?
Result<bool> HasChecksum(const ObjectStore& store, const Segment& segment) {
  if (const auto path = store.LocalPath(segment.file)) {
    const auto digest = DigestFile(*path);
    if (!digest.ok() && digest.error().code() == ErrorCode::kNotFound) return false;
    KALAM_TRY(digest);
    return digest->sha256 == segment.sha256;
  }
  const std::filesystem::path copy = store.staging_folder() / ("claim-" + segment.sha256);
  std::error_code ignored;
  std::filesystem::remove(copy, ignored);
  const Status fetched = store.Fetch(segment.file, copy);
  if (!fetched.ok() && fetched.error().code() == ErrorCode::kNotFound) return false;
  KALAM_TRY(fetched);
  const auto digest = DigestFile(copy);
  std::filesystem::remove(copy, ignored);
  KALAM_TRY(digest);
  return digest->sha256 == segment.sha256;
}

Status DeleteFile(Storages& storages, const Segment& segment, bool claim) {
  const auto store = storages.Open(segment.storage_id, segment.root);
  // Without its storage nobody can ever reach the file.
  if (!store.ok() && store.error().code() == ErrorCode::kNotFound) return {};
  KALAM_TRY(store);
  if (claim) {
    KALAM_TRY_ASSIGN(const bool ours, HasChecksum(**store, segment));
    if (!ours) return {};
  }
  return (*store)->Delete(segment.file);
}

}  // namespace

void Garbage::Add(const Segment& segment, TimestampMicros due, kv::Batch& batch) {
  batch.Put(Family::kMeta, KeyOf(segment), ValueOf(segment, due, false));
}

Status Garbage::Claim(const Segment& segment) {
  const std::string key = KeyOf(segment);
  {
    const std::lock_guard lock(claims_mutex_);
    if (!claims_.insert(key).second)
      return Error(ErrorCode::kAlreadyExists, "file '" + segment.file.text() + "' is being made");
  }
  const auto claim = [&]() -> Status {
    kv::PinnedValue value;
    KALAM_TRY_ASSIGN(const auto found, store_.Get(Family::kMeta, key, value));
    if (found == kv::ReadOutcome::kFound)
      return Error(ErrorCode::kAlreadyExists, "file '" + segment.file.text() + "' is still to be deleted");
    kv::Batch batch;
    batch.Put(Family::kMeta, key, ValueOf(segment, 0, true));
    return writer_.WriteDurably(batch);
  };
  Status claimed = claim();
  if (!claimed.ok()) Settled(segment);
  return claimed;
}

void Garbage::Settle(const Segment& segment, kv::Batch& batch) { batch.Delete(Family::kMeta, KeyOf(segment)); }

void Garbage::Settled(const Segment& segment) {
  const std::lock_guard lock(claims_mutex_);
  claims_.erase(KeyOf(segment));
}

void Garbage::Abandon(const Segment& segment, bool and_file) {
  const Status deleted = and_file ? DeleteFile(storages_, segment, true) : Status();
  if (deleted.ok()) {
    kv::Batch batch;
    Settle(segment, batch);
    (void)writer_.WriteDurably(batch);  // else the next Sweep finds nothing to delete
  } else {
    log::Warn("cold", "file '" + segment.file.text() + "' not deleted yet: " + deleted.error().message());
  }
  Settled(segment);
}

Result<Garbage::Dropped> Garbage::AddAllOf(TableId table, std::optional<std::string_view> user,
                                           TimestampMicros due, kv::Batch& batch) {
  Dropped dropped;
  KALAM_TRY(manifests_.ForEachSegment(table, user, nullptr, [&](const Segment& segment) -> Status {
    ++dropped.files;
    dropped.bytes += segment.bytes;
    Add(segment, due, batch);
    return {};
  }));
  if (user) {
    ManifestStore::DropPartition(table, *user, batch);
  } else {
    ManifestStore::DropTable(table, batch);
  }
  return dropped;
}

Garbage::Hold::Hold(Garbage& garbage) : garbage_(garbage) {
  const std::lock_guard lock(garbage_.sweeping_);
  ++garbage_.holds_;
}

Garbage::Hold::~Hold() {
  const std::lock_guard lock(garbage_.sweeping_);
  --garbage_.holds_;
}

// The order is what makes it safe. Claims of this process are in `claims_` before they are in the store, and leave it
// after the commit that settles them: what is in neither any more, or still in `claims_`, is somebody's. What is in
// the store only can't become anybody's: Claim refuses a name that is there.
Result<bool> Garbage::IsStillGarbage(std::string_view key) {
  {
    const std::lock_guard lock(claims_mutex_);
    if (claims_.contains(key)) return false;
  }
  kv::PinnedValue value;
  KALAM_TRY_ASSIGN(const auto found, store_.Get(Family::kMeta, key, value));
  return found == kv::ReadOutcome::kFound;
}

Status Garbage::Sweep(TimestampMicros now, std::chrono::steady_clock::time_point give_up) {
  constexpr std::size_t kPerCommit = 256;
  const std::lock_guard lock(sweeping_);
  if (holds_ > 0) return {};
  std::string from(kPrefix);
  while (true) {
    std::vector<Item> items;
    {
      const auto it =
          store_.NewIterator(Family::kMeta, {.lower = from, .upper = PrefixSuccessor(kPrefix)});
      for (it->SeekToFirst(); it->Valid() && items.size() < kPerCommit; it->Next()) {
        from = std::string(it->key()) + '\0';
        if (it->value().size() < kHeaderBytes) return Error(ErrorCode::kCorruption, "cold/g/: too short");
        if (LoadLittleEndian<TimestampMicros>(it->value().data()) > now) continue;
        KALAM_TRY_ASSIGN(Segment segment, DecodeSegment(it->value().substr(kHeaderBytes)));
        items.push_back({std::string(it->key()), it->value()[sizeof(TimestampMicros)] != 0, std::move(segment)});
      }
      KALAM_TRY(it->status());
    }
    if (items.empty()) return {};
    kv::Batch gone;
    for (const Item& item : items) {
      if (std::chrono::steady_clock::now() > give_up) break;
      // The iterator may show what was settled since.
      KALAM_TRY_ASSIGN(const bool garbage, IsStillGarbage(item.key));
      if (!garbage) continue;
      files_.Forget(item.segment);
      const Status deleted = DeleteFile(storages_, item.segment, item.claim);
      if (deleted.ok()) {
        gone.Delete(Family::kMeta, item.key);
      } else {
        log::Warn("cold", "file '" + item.segment.file.text() +
                              "' not deleted: " + deleted.error().message());
      }
    }
    if (!gone.empty()) KALAM_TRY(writer_.WriteDurably(gone));
    if (std::chrono::steady_clock::now() > give_up) return {};
  }
}

}  // namespace kalam::cold
