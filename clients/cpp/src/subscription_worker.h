#pragma once

#include "http_connection.h"
#include "kalam/subscription.h"
#include "url.h"
#include "websocket_connection.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>

namespace kalam {
inline namespace link_v1 {

struct SubscriptionTarget {
  ServerAddress address;
  HttpHeaders headers;
  std::chrono::milliseconds timeout;
  int max_retries = 0;
};

// The thread of a subscription: keeps a connection, remembers how far the stream came, and hands
// its events over through a bounded queue.
class Subscription::Worker {
 public:
  Worker(SubscriptionTarget target, std::string sql, SubscribeOptions options);
  ~Worker();

  // Waits until the server has said yes or no. Errors: why not.
  Result<bool> Start();

  const std::string& id() const { return id_; }
  std::optional<ChangeEvent> Next(std::optional<std::chrono::steady_clock::time_point> until);
  void Close();
  bool is_active() const;
  std::size_t queued() const;

 private:
  // What became of a connection.
  struct Ending {
    Error error;
    bool may_pass = true;  // trying again makes sense
  };

  void Run();
  Ending RunConnection();
  // nullopt: go on.
  std::optional<Ending> Take(ChangeEvent event);
  std::optional<Ending> TakeError(ChangeEvent event);
  void NotePosition(const ChangeEvent& event);
  bool Pause();  // false: closing
  bool Push(ChangeEvent event);
  bool closing() const;
  void SetConnection(std::unique_ptr<WebSocketConnection> connection);

  const SubscriptionTarget target_;
  const std::string sql_;
  const SubscribeOptions options_;
  const std::string id_;

  // The thread's own.
  std::optional<std::uint64_t>
      position_;               // where to go on; none while the first rows are not complete
  bool everything_ = false;    // the first rows are the whole result set, whatever the options say
  bool has_rows_ = false;      // some of the first rows were told
  bool acknowledged_ = false;  // ever
  bool lost_ = false;          // kConnectionLost was told, kResumed not yet
  int failures_ = 0;           // in a row
  std::chrono::milliseconds pause_;
  std::minstd_rand random_{std::random_device{}()};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<ChangeEvent> events_;  // guarded by mutex_, as all below
  std::size_t queued_bytes_ = 0;
  bool ended_ = false;  // no more events come
  bool closing_ = false;
  std::optional<Error> refusal_;  // before the first acknowledgement
  bool started_ = false;
  std::unique_ptr<WebSocketConnection> connection_;  // used by the thread; Interrupt under mutex_
  std::mutex joining_;
  std::thread thread_;  // guarded by joining_ once it runs
};

}  // namespace link_v1
}  // namespace kalam
