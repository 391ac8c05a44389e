#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "live/hub.h"

namespace kalam::live {

struct Group;
class Partition;
struct TableUse;

// Immutable but for what is said.
class Connection {
 public:
  Connection(net::WebSocketPtr web_socket, auth::Identity identity, std::uint64_t number)
      : socket(std::move(web_socket)), who(std::move(identity)), id(number) {}

  const net::WebSocketPtr socket;
  const auth::Identity who;
  const std::uint64_t id;
  std::atomic<bool> closed{false};
};

// One live query; some 230 bytes beside its statement's text. Who may touch what: immutable after registration,
// atomic, or one owner, as marked.
struct Subscription {
  ConnectionPtr connection;
  std::uint64_t live_number = 0;
  std::string id;   // the client's
  std::string sql;
  wire::SubscribeOptions options;
  TimestampMicros created_at = 0;

  std::atomic<std::int64_t> changes{0};
  std::atomic<TimestampMicros> last_update{0};
  std::atomic<std::uint64_t> delivered{0};  // seq of the last change sent, or where the stream began
  std::atomic<bool> cancelled{false};       // feeders: stop

  // The registry's, under its lock.
  const TableUse* use = nullptr;  // null: not bound yet

  // The feeder's while it feeds, the dispatcher's otherwise.
  Seq cursor;  // all up to here was sent
  std::shared_ptr<const BoundQuery> bound;
  const char* resync = nullptr;  // its result set must be sent anew: why
  bool begun = false;            // acknowledged

  // The dispatcher's.
  enum class Stage : std::uint8_t { kFeeding, kParked, kAttached, kEnded };
  Stage stage = Stage::kFeeding;
  std::unique_ptr<std::string> last_words;  // a message: said when the feeder has let go
  Partition* partition = nullptr;
  Group* group = nullptr;
};
using SubscriptionPtr = std::shared_ptr<Subscription>;

// `lq-0000000000000000`
std::string LiveIdOf(std::uint64_t live_number);
std::optional<std::uint64_t> ParseLiveId(std::string_view live_id);

}  // namespace kalam::live
