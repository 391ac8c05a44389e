#include "cold/garbage.h"

#include "base/bytes.h"
#include "base/log.h"
#include "kv/iterator.h"

#include <string>
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
  Segment segment;
};

}  // namespace

void Garbage::Add(const Segment& segment, TimestampMicros due, kv::Batch& batch) {
  std::string value;
  AppendLittleEndian(value, due);
  batch.Put(Family::kMeta, KeyOf(segment), value + EncodeSegment(segment));
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

Status Garbage::Sweep(TimestampMicros now, std::chrono::steady_clock::time_point give_up) {
  constexpr std::size_t kPerCommit = 256;
  const std::lock_guard lock(sweeping_);
  std::string from(kPrefix);
  while (true) {
    std::vector<Item> items;
    {
      const auto it =
          store_.NewIterator(Family::kMeta, {.lower = from, .upper = PrefixSuccessor(kPrefix)});
      for (it->SeekToFirst(); it->Valid() && items.size() < kPerCommit; it->Next()) {
        from = std::string(it->key()) + '\0';
        if (it->value().size() < sizeof(TimestampMicros))
          return Error(ErrorCode::kCorruption, "cold/g/: too short");
        if (LoadLittleEndian<TimestampMicros>(it->value().data()) > now) continue;
        KALAM_TRY_ASSIGN(Segment segment,
                         DecodeSegment(it->value().substr(sizeof(TimestampMicros))));
        items.push_back({std::string(it->key()), std::move(segment)});
      }
      KALAM_TRY(it->status());
    }
    if (items.empty()) return {};
    kv::Batch gone;
    for (const Item& item : items) {
      if (std::chrono::steady_clock::now() > give_up) break;
      files_.Forget(item.segment);
      const auto store = storages_.Open(item.segment.storage_id, item.segment.root);
      const Status deleted =
          store.ok() ? (*store)->Delete(item.segment.file) : Status(store.error());
      // Without its storage nobody can ever reach the file.
      const bool unreachable = !store.ok() && store.error().code() == ErrorCode::kNotFound;
      if (deleted.ok() || unreachable) {
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
