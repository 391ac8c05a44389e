#include "table/request_log.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/log.h"
#include "model/key_codec.h"

namespace kalam::table {
namespace {

constexpr std::string_view kPrefix = "requests/";
// Ten whole minutes and the one that has begun.
constexpr std::uint32_t kMinutesKept = 11;

void AppendMinute(std::string& key, std::uint32_t minute) {
  char bytes[sizeof(minute)];
  StoreBigEndian(bytes, minute);
  key.append(bytes, sizeof(bytes));
}

std::string KeyOf(std::uint32_t minute, const UserId& user, std::string_view request_id) {
  std::string key(kPrefix);
  AppendMinute(key, minute);
  key += user.text();
  key += '\0';
  key += request_id;
  return key;
}

}  // namespace

Result<std::unique_ptr<RequestLog>> RequestLog::Open(const kv::Store& store, Committer& committer, const Clock& clock,
                                                     RequestLogOptions options) {
  std::unique_ptr<RequestLog> log(new RequestLog(store, committer, clock, options));
  KALAM_TRY(log->CountStored().Context("count the requests remembered"));
  return log;
}

Status RequestLog::CountStored() {
  ByMinute found;
  const std::string prefix(kPrefix);
  const auto it = store_.NewIterator(kv::Family::kMeta, {.lower = prefix, .upper = PrefixSuccessor(prefix)});
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    if (it->key().size() < kPrefix.size() + sizeof(std::uint32_t)) {
      return Error(ErrorCode::kCorruption, "a remembered request has a short key");
    }
    Usage& usage = found[LoadBigEndian<std::uint32_t>(it->key().data() + kPrefix.size())];
    ++usage.requests;
    usage.bytes += it->key().size() + it->value().size();
  }
  KALAM_TRY(it->status());
  usage_.With([&](ByMinute& usage) { usage = std::move(found); });
  return {};
}

std::uint32_t RequestLog::Minute() const {
  return static_cast<std::uint32_t>(std::max<TimestampMicros>(clock_.NowMicros(), 0) / 60'000'000);
}

RequestLog::Entry RequestLog::Begin(const UserId& user, std::string_view request_id) const {
  const std::uint32_t minute = Minute();
  return {.key = KeyOf(minute, user, request_id), .minute = minute};
}

Result<std::optional<std::string>> RequestLog::Find(const UserId& user, std::string_view request_id) const {
  const std::uint32_t now = Minute();
  const std::uint32_t oldest = now >= kMinutesKept ? now - kMinutesKept + 1 : 0;
  // A clock set back must not hide what is newer.
  std::vector<std::uint32_t> minutes;
  usage_.With([&](const ByMinute& usage) {
    for (auto at = usage.lower_bound(oldest); at != usage.end(); ++at) minutes.push_back(at->first);
  });
  kv::PinnedValue value;
  for (auto minute = minutes.rbegin(); minute != minutes.rend(); ++minute) {
    KALAM_TRY_ASSIGN(const auto outcome,
                     store_.Get(kv::Family::kMeta, KeyOf(*minute, user, request_id), value));
    if (outcome == kv::ReadOutcome::kFound) return std::optional(std::string(value.view()));
  }
  return std::optional<std::string>();
}

Status RequestLog::Count(Entry& entry, std::uint64_t bytes) {
  return usage_.With([&](ByMinute& by_minute) -> Status {
    Usage all;
    for (const auto& [minute, usage] : by_minute) {
      all.requests += usage.requests;
      all.bytes += usage.bytes;
    }
    const bool is_new = entry.bytes == 0;
    if (is_new && all.requests >= options_.max_requests) {
      return Error(ErrorCode::kLimitExceeded, "ERROR: more than limits.max_request_ids (" +
                                                  std::to_string(options_.max_requests) +
                                                  ") requests with a request_id in ten minutes");
    }
    if (all.bytes - entry.bytes + bytes > options_.max_bytes) {
      return Error(ErrorCode::kLimitExceeded, "ERROR: the answers to requests with a request_id take more than "
                                              "limits.request_id_memory (" +
                                                  std::to_string(options_.max_bytes) + " bytes) in ten minutes");
    }
    Usage& own = by_minute[entry.minute];
    own.requests += is_new ? 1 : 0;
    own.bytes += bytes - entry.bytes;
    entry.bytes = bytes;
    return {};
  });
}

Result<CommitNote> RequestLog::Note(Entry& entry, std::string value) {
  const std::uint32_t now = Minute();
  if (now >= kMinutesKept) DropBefore(now - kMinutesKept + 1);
  KALAM_TRY(Count(entry, entry.key.size() + value.size()));
  return CommitNote{entry.key, std::move(value)};
}

Status RequestLog::Store(Entry& entry, std::string value) {
  KALAM_TRY_ASSIGN(const CommitNote note, Note(entry, std::move(value)));
  kv::Batch batch;
  batch.Put(kv::Family::kMeta, note.key, note.value);
  return committer_.WriteDurably(batch);
}

void RequestLog::Release(Entry& entry) {
  if (entry.bytes == 0) return;
  usage_.With([&](ByMinute& by_minute) {
    const auto own = by_minute.find(entry.minute);
    if (own == by_minute.end()) return;
    --own->second.requests;
    own->second.bytes -= entry.bytes;
  });
  entry.bytes = 0;
}

void RequestLog::DropBefore(std::uint32_t minute) {
  const bool any = usage_.With([&](ByMinute& usage) {
    const auto end = usage.lower_bound(minute);
    const bool found = end != usage.begin();
    usage.erase(usage.begin(), end);
    return found;
  });
  if (!any) return;
  std::string end(kPrefix);
  AppendMinute(end, minute);
  kv::Batch batch;
  batch.DeleteRange(kv::Family::kMeta, kPrefix, end);
  if (const Status status = committer_.WriteDurably(batch); !status.ok()) {
    log::Warn("table", "old requests are not dropped: " + status.error().message());
  }
}

}  // namespace kalam::table
