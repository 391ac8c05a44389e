#pragma once

#include "net/http_exchange.h"
#include "net/websocket_frame.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kalam::net {

class EventLoop;
class WebSocket;
using WebSocketPtr = std::shared_ptr<WebSocket>;

// Bounds and times of the connections of one endpoint. Times are checked with the server's sweep
// (HttpServerOptions::sweep_interval), so each may take that much longer.
struct WebSocketOptions {
  std::size_t max_message_bytes = 1 << 20;  // limits.max_ws_message_size; close 1009

  // Frames that wait for a connection, header and payload, whoever else shares them, and a few
  // bytes for each. limits.max_connection_queue_bytes; WebSocket::Send says kWouldExceed.
  std::size_t max_queue_bytes = 8 << 20;
  std::size_t reserve_bytes = 64 << 10;    // beyond it, for control frames and last words
  std::size_t low_water_bytes = 1 << 20;  // OnBacklogLow

  std::chrono::milliseconds ping_interval{5'000};
  // Nothing heard for so long, not even a pong: the client is gone. One that has yet to take what
  // it was sent, and whose machine acknowledges, is given stall_timeout from the last byte it took.
  std::chrono::milliseconds silent_timeout{10'000};
  std::chrono::milliseconds stall_timeout{60'000};

  std::chrono::milliseconds close_timeout{5'000};  // from Close to the client's close frame
  std::chrono::milliseconds drain_timeout{1'000};  // the same while the server drains
};

enum class MessageType { kText, kBinary };

// What a connection is for. Made by whoever accepts the upgrade, owned by the connection, called and
// destroyed on the connection's loop; must not block. OnOpen comes first and once, OnClose last and
// once, and every call between sees all that the calls before it did. A client that is gone before
// its upgrade is through leaves a handler that was never called.
//
// An exception closes the connection with 1011 and goes no further.
class WebSocketHandler {
 public:
  virtual ~WebSocketHandler() = default;

  // The handler may keep `socket`; the connection lets go of the handler after OnClose.
  virtual void OnOpen(const WebSocketPtr& socket) = 0;

  // A whole message, text checked to be UTF-8. `payload` is valid during the call only. Not called
  // any more after Close.
  virtual void OnMessage(MessageType type, std::string_view payload) = 0;

  // The backlog was above low_water_bytes, or a Send was refused, and it is now at or below.
  virtual void OnBacklogLow() {}

  // `code` and `reason` are the client's, or this side's if this side closed first, or 1006 for a
  // connection that was lost, fell silent or never answered a close.
  virtual void OnClose(std::uint16_t code, std::string_view reason) = 0;
};

enum class SendResult {
  kQueued,       // will be written, in order, unless the connection is lost first
  kWouldExceed,  // max_queue_bytes: not taken, all before it was. A larger frame never is
  kClosed,       // closing or closed: not taken
};

// Which part of the queue a frame may use.
enum class QueueRoom { kNormal, kReserve };

// One connection's sending side. All methods from any thread; none waits, calls a handler or throws.
//
// Order: the frames that one thread sends arrive in that order, and so do frames of two threads where
// the second was told of the first's Send (or FanOut::Flush) before its own. Nothing that was queued
// is ever skipped. The frames that a connection is sent within one round of its loop are gathered
// into one write.
class WebSocket {
 public:
  virtual ~WebSocket() = default;

  virtual SendResult Send(FramePtr frame, QueueRoom room = QueueRoom::kNormal) = 0;

  // Sends what is queued, then a close frame, and waits for the client's within close_timeout.
  // Further calls do nothing.
  virtual void Close(std::uint16_t code, std::string_view reason) = 0;

  virtual std::size_t backlog_bytes() const = 0;  // queued and not yet taken by the kernel

  virtual std::string_view peer_address() const = 0;
  virtual EventLoop& loop() = 0;  // where the handler is called
};

// Hands frames to many connections at the price of one lock and one wake-up per loop and hundred receivers, for a
// producer that runs on a thread of its own. For one thread; holds frames for a hundred receivers of a loop, the loops
// have what came before.
class WebSocketFanOut {
 public:
  WebSocketFanOut();
  ~WebSocketFanOut();  // flushes
  WebSocketFanOut(const WebSocketFanOut&) = delete;
  WebSocketFanOut& operator=(const WebSocketFanOut&) = delete;

  // Answers as WebSocket::Send does; the frame leaves with the next Flush at the latest.
  SendResult Send(const WebSocketPtr& to, FramePtr frame);
  void Flush();

 private:
  class Batches;
  std::unique_ptr<Batches> batches_;
};

// --- The upgrade ---------------------------------------------------------------------------------

// Why a request does not become a WebSocket. The caller puts it into its own words' format.
struct HandshakeRefusal {
  int status;  // 400, or 426 for what is no upgrade or another version
  std::string message;
  std::vector<std::pair<std::string, std::string>> headers;  // to answer with
};

// Nothing if `request` asks for a WebSocket as RFC 6455, section 4.2.1, wants it. Who asks, and from
// which Origin, is the caller's affair: it may as well answer 401 or 403 with a body.
std::optional<HandshakeRefusal> CheckHandshake(const HttpRequest& request);

// The answer that upgrades: `exchange->Respond(AcceptWebSocket(exchange->request(), ...))`, from any
// thread, for a request that CheckHandshake found nothing against. No extension and no subprotocol
// is agreed to. What the client has already sent behind its request is not lost.
HttpResponse AcceptWebSocket(const HttpRequest& request, std::unique_ptr<WebSocketHandler> handler,
                             std::shared_ptr<const WebSocketOptions> options);

// What takes a connection over after a 101 answer; see HttpResponse::websocket.
struct WebSocketUpgrade {
  std::unique_ptr<WebSocketHandler> handler;
  std::shared_ptr<const WebSocketOptions> options;
};

}  // namespace kalam::net
