#pragma once

#include "event_loop_impl.h"
#include "http_parser.h"
#include "net/http_exchange.h"
#include "net/http_server.h"

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/basic_waitable_timer.hpp>

namespace kalam::net {

class WebSocketOutbox;

// Where the client of a connection is.
struct Peer {
  std::string address;
  bool is_loopback = false;
};

// What the connections of one server share, whatever loop they are on.
struct ServerShared {
  ServerShared(HttpServerOptions server_options, HttpHandler& request_handler);

  std::string RefusalBody(int status, std::string_view message) const;

  const HttpServerOptions options;
  const ParserLimits parser_limits;
  HttpHandler& handler;
  std::atomic<std::size_t> connections{0};  // open, on all loops

  std::mutex mutex;
  std::condition_variable a_set_drained;  // with `mutex`; see ConnectionSet::drained()
};

// A client's socket as its set sees it: an HTTP connection, or the WebSocket that it became. On the
// loop's thread.
class Connection {
 public:
  explicit Connection(std::size_t index) : index_(index) {}
  virtual ~Connection() = default;

  virtual void Sweep(std::chrono::steady_clock::time_point now) = 0;
  virtual void OnDrain() = 0;   // end soon; what is idle ends now
  virtual void CloseNow() = 0;  // at once, whatever is unfinished
  virtual bool lingering() const = 0;

  std::size_t index() const { return index_; }
  void set_index(std::size_t index) { index_ = index; }

 private:
  std::size_t index_;
};

// The connections of one server on one loop: owns them, times them, ends them. One timer a second
// looks at all of them, which is cheaper than a timer for each request.
//
// All methods on the loop's thread (or with the loop stopped), but for drained().
class ConnectionSet : public std::enable_shared_from_this<ConnectionSet> {
 public:
  using Clock = std::chrono::steady_clock;

  ConnectionSet(EventLoop& loop, std::shared_ptr<ServerShared> shared);
  ~ConnectionSet();

  void Start();
  // Takes a connected, non-blocking socket. A connection too many is told so and closed.
  void Adopt(int fd, Peer peer, bool too_many);
  void BeginDrain();
  void CloseAll();  // for good: what is adopted later is closed at once

  // No request is being read, run or answered. From any thread.
  bool drained() const { return drained_.load(std::memory_order_acquire); }

  // For the connections.
  void Remove(Connection& connection);
  void Replace(std::size_t index, std::shared_ptr<Connection> with);
  void ConnectionLingers();  // its last answer is out
  EventLoop& loop() { return loop_; }
  ServerShared& shared() { return *shared_; }
  const HttpServerOptions& options() const { return shared_->options; }
  WebSocketOutbox& outbox() { return *outbox_; }
  bool draining() const { return draining_; }
  std::string_view date() const { return date_; }
  // What one read of any connection lands in; valid until the next read.
  std::array<char, 64 << 10>& scratch() { return *scratch_; }
  // Coarse: a few milliseconds behind.
  static Clock::time_point Now();

 private:
  using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>,
                                                  boost::asio::io_context::executor_type>;
  void ScheduleSweep();
  void Sweep();
  void CheckDrained();

  EventLoop& loop_;
  const std::shared_ptr<ServerShared> shared_;
  const std::unique_ptr<std::array<char, 64 << 10>> scratch_;
  const std::shared_ptr<WebSocketOutbox> outbox_;
  std::vector<std::shared_ptr<Connection>> connections_;  // each knows its index
  std::size_t lingering_ = 0;
  std::optional<Timer> timer_;
  std::string date_;
  bool draining_ = false;
  bool closed_ = false;
  std::atomic<bool> drained_{false};
};

}  // namespace kalam::net
