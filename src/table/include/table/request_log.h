#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"
#include "kv/store.h"
#include "model/ids.h"
#include "table/committer.h"
#include "table/writer.h"

namespace kalam::table {

struct RequestLogOptions {
  std::uint64_t max_requests = 200'000;  // limits.max_request_ids
  std::uint64_t max_bytes = 64 << 20;    // limits.request_id_memory
};

// What requests with a request_id came to, for ten minutes: written in the same batch as their rows, so that a
// retry finds the outcome exactly if the rows are there, whatever crashed in between.
//
//   key in kv::Family::kMeta:  | "requests/" | minute u32 BE | user id | 0x00 | request id |
//
// The minute is that in which the request began. A look-up tries the last eleven, newest first; older ones are
// dropped as one range when a newer record is made. Bounded by count and bytes over all that are kept; beyond
// them a new request is refused and none forgotten early.
//
// Thread-safe. Owned by the server.
class RequestLog {
 public:
  // Counts what is there. Errors: kIo, kCorruption.
  static Result<std::unique_ptr<RequestLog>> Open(const kv::Store& store, Committer& committer, const Clock& clock,
                                                  RequestLogOptions options);

  // The record of one request, as large as its last value.
  struct Entry {
    std::string key;
    std::uint32_t minute = 0;
    std::uint64_t bytes = 0;  // 0: not counted yet
  };
  Entry Begin(const UserId& user, std::string_view request_id) const;

  // What was stored last for this request; nullopt when nothing was. From the newest state, durable or not.
  Result<std::optional<std::string>> Find(const UserId& user, std::string_view request_id) const;

  // Counts a new value of the entry and makes the note that stores it with a commit. Errors: kLimitExceeded.
  Result<CommitNote> Note(Entry& entry, std::string value);
  // Stores a value by itself, durably. Errors: those of Note and of the committer.
  Status Store(Entry& entry, std::string value);
  // The entry's notes were never committed: it does not count.
  void Release(Entry& entry);

 private:
  struct Usage {
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0;
  };
  using ByMinute = std::map<std::uint32_t, Usage>;

  RequestLog(const kv::Store& store, Committer& committer, const Clock& clock, RequestLogOptions options)
      : store_(store), committer_(committer), clock_(clock), options_(options) {}

  std::uint32_t Minute() const;
  Status CountStored();
  Status Count(Entry& entry, std::uint64_t bytes);
  void DropBefore(std::uint32_t minute);

  const kv::Store& store_;
  Committer& committer_;
  const Clock& clock_;
  const RequestLogOptions options_;
  Guarded<ByMinute> usage_;
};

}  // namespace kalam::table
