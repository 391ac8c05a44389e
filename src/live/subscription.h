#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

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

// Why a result set is sent anew.
enum class Resync : std::uint8_t { kNone, kLogTruncated, kUnknownSeq, kChangesLost, kTableChanged };
std::string_view NameOf(Resync reason);

// The client's name for a subscription and its statement, in one piece of memory.
class SubscriptionText {
 public:
  SubscriptionText(std::string_view id, std::string_view sql);
  std::string_view id() const { return {bytes_.get(), id_size_}; }
  std::string_view sql() const { return {bytes_.get() + id_size_, sql_size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::uint32_t id_size_;
  std::uint32_t sql_size_;
};

// One live query. There are many of them, and most of them wait: 160 bytes and its text. Who may
// touch what: immutable, atomic, or one owner, as marked.
struct Subscription : boost::intrusive_ref_counter<Subscription> {
  Subscription(ConnectionPtr connection_in, std::uint64_t number, const wire::SubscribeRequest& request,
               TimestampMicros now)
      : connection(std::move(connection_in)),
        live_number(number),
        text(request.id, request.sql),
        options(request.options),
        created_at(now) {}

  bool needs_resync() const { return resync != Resync::kNone; }

  std::atomic<bool> cancelled{false};  // feeders: stop
  bool registered = false;             // the registry's, under its lock

  // The feeder's while it feeds, the dispatcher's otherwise.
  bool begun : 1 = false;             // acknowledged
  Resync resync : 3 = Resync::kNone;  // its result set must be sent anew

  // The dispatcher's.
  enum class Stage : std::uint8_t { kFeeding, kParked, kAttached, kEnded };
  Stage stage = Stage::kFeeding;

  const ConnectionPtr connection;
  const std::uint64_t live_number;
  const SubscriptionText text;
  const wire::SubscribeOptions options;
  const TimestampMicros created_at;

  std::atomic<std::int64_t> changes{0};
  std::atomic<TimestampMicros> last_update{0};
  std::atomic<std::uint64_t> delivered{0};  // seq of the last change sent, or where the stream began

  // The registry's, under its lock.
  const TableUse* use = nullptr;  // null: not bound yet

  // The feeder's while it feeds, the dispatcher's otherwise.
  Seq cursor;  // all up to here was sent
  std::shared_ptr<const BoundQuery> bound;

  // The dispatcher's.
  Partition* partition = nullptr;
  Group* group = nullptr;
};
static_assert(sizeof(Subscription) <= 160);
using SubscriptionPtr = boost::intrusive_ptr<Subscription>;

// `lq-0000000000000000`
std::string LiveIdOf(std::uint64_t live_number);
std::optional<std::uint64_t> ParseLiveId(std::string_view live_id);

}  // namespace kalam::live
