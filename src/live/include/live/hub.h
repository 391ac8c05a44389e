#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identity.h"
#include "base/clock.h"
#include "base/result.h"
#include "kv/store.h"
#include "live/queries.h"
#include "model/ids.h"
#include "net/websocket.h"
#include "table/committer.h"
#include "table/stream_store.h"
#include "wire/live_messages.h"

namespace kalam::live {

struct HubOptions {
  std::size_t max_subscriptions = 200'000;                // rate_limit.max_subscriptions
  std::size_t max_subscriptions_per_user = 100;           // rate_limit.max_subscriptions_per_user
  std::size_t max_subscriptions_per_connection = 50;      // rate_limit.max_subscriptions_per_connection
  std::size_t max_connection_queue_bytes = 8 << 20;       // limits.max_connection_queue_bytes
  std::size_t low_water_bytes = 1 << 20;                  // of the connections' WebSocketOptions
  std::string node = "0";                                 // flush.node_id
  std::size_t feeder_threads = 2;
  std::chrono::milliseconds mark_interval{10'000};        // see table::LogMarks
};

// A row of system.live_queries.
struct LiveQueryInfo {
  std::string live_id;
  std::string connection_id;
  TableName table;
  std::string query_id;  // the client's
  std::string user_id;
  std::string query;
  std::string options;  // JSON
  std::int64_t changes = 0;
  std::string node;
  TimestampMicros created_at = 0;
  TimestampMicros last_update = 0;  // 0: none yet
};

// One client's connection, authenticated. Made by Hub::Open; kept by the session and the subscriptions.
class Connection;
using ConnectionPtr = std::shared_ptr<Connection>;

// All live queries of this server: exact, ordered and resumable result sets.
//
// Life of a subscription. A feeder thread binds its statement, acknowledges it, sends the initial rows of one
// durable snapshot and then, from the change log, what became durable since; the dispatcher thread takes it over
// at exactly the seq the feeder reached. From then on the dispatcher sends it each durable change of its partition
// that touches its result set, once, in seq order. It is told which partitions were written to by the sync thread
// and pulls the changes from the log, so that nothing stands between a write and its subscribers that could
// overflow; writers and the sync thread never wait for it.
//
// Slow readers. Frames go to the connection's queue, bounded in bytes. A feeder waits for room; the dispatcher
// waits for nobody: a subscription whose frame finds no room ends with SLOW_CONSUMER and the seq it got to.
//
// Threads: methods are thread-safe and don't block, unless said. Owns the dispatcher and the feeders.
class Hub {
 public:
  // What it uses outlives it. `queries` may be set later, before the first Subscribe.
  Hub(kv::Store& store, table::Committer& committer, table::StreamStore& streams, const Clock& clock,
      HubOptions options);
  ~Hub();

  void SetQueries(Queries& queries);
  // Starts the threads and marks the log. Blocks for two syncs.
  Status Start();
  // Ends the threads; open subscriptions just stop. Blocks. Idempotent.
  void Stop();

  // --- for sessions, on their loops
  ConnectionPtr Open(net::WebSocketPtr socket, auth::Identity who);
  // Acknowledges, or sends an error that names the subscription; in either case soon, not at once.
  void Subscribe(const ConnectionPtr& connection, const wire::SubscribeRequest& request);
  void Unsubscribe(const ConnectionPtr& connection, std::string_view id);
  void Close(const ConnectionPtr& connection);
  void BacklogLow(const ConnectionPtr& connection);

  // --- for SQL
  struct Owner {
    std::string user_id;
  };
  std::optional<Owner> Find(std::string_view live_id) const;
  // Takes it off the list at once and tells the client; false when there is none of that id.
  bool Kill(std::string_view live_id);
  // Of all users, or of one.
  std::vector<LiveQueryInfo> List(const std::optional<std::string>& user_id) const;
  std::size_t CountOf(TableId table) const;
  // The live ids of those that name the column.
  std::vector<std::string> UsersOfColumn(TableId table, std::string_view column) const;
  std::size_t subscription_count() const;
  std::size_t connection_count() const;

  // The table has a new version: its subscriptions are bound anew, or end with the reason why they can't be.
  void TableChanged(TableId table);
  // The table is gone: its subscriptions end.
  void TableDropped(TableId table);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kalam::live
