#pragma once

#include "http_connection.h"
#include "kalam/result.h"
#include "url.h"

#include <chrono>
#include <memory>
#include <string>

namespace kalam {
inline namespace link_v1 {

// One WebSocket (RFC 6455), used by one thread at a time but for Interrupt. Pings are answered
// while a call runs.
class WebSocketConnection {
 public:
  struct Limits {
    std::chrono::milliseconds timeout;  // for connecting and the handshake
    std::chrono::milliseconds
        silence;  // the peer is asked (ping) after half of it, given up after all
    std::size_t max_message_bytes = std::size_t{64} << 20;
  };

  virtual ~WebSocketConnection() = default;

  // Connects and upgrades. Errors: kConnection when there is no server, kTimeout; kAuthentication for 401 and 403;
  // kWebSocket for any other answer, with its status if it is HTTP.
  virtual Result<bool> Open(const ServerAddress& address, const HttpHeaders& headers) = 0;
  // Errors: kWebSocket.
  virtual Result<bool> Send(const std::string& text) = 0;
  // The next text message; others are left out. Errors: kWebSocket, kTimeout when the peer is silent.
  virtual Result<std::string> Read() = 0;
  // Ends the connection with a close handshake, or without when the peer does not answer at once.
  virtual void Close() = 0;

  // By any thread, at any time: the call that runs, or the next one, fails.
  virtual void Interrupt() = 0;

  static std::unique_ptr<WebSocketConnection> Make(const Limits& limits);
};

}  // namespace link_v1
}  // namespace kalam
