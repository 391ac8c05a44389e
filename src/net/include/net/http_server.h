#pragma once

#include "base/result.h"
#include "net/http_exchange.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::net {

class EventLoopGroup;

// Bounds and times of every connection. A refusal's text names the configuration key beside it.
struct HttpServerOptions {
  std::size_t max_header_bytes = 16 << 10;  // limits.max_header_size; 431
  std::size_t max_body_bytes = 16 << 20;    // limits.max_body_size; 413, before reading the body
  std::size_t max_connections = 25'000;     // performance.max_connections; 503

  // What a client may send ahead while its request runs; beyond it, the server stops reading.
  std::size_t max_pipelined_bytes = 64 << 10;

  std::chrono::milliseconds header_timeout{10'000};     // performance.header_timeout; 408
  std::chrono::milliseconds body_timeout{30'000};       // performance.body_timeout; 408. Both count
                                                        // from the request's first byte
  std::chrono::milliseconds keepalive_timeout{75'000};  // performance.keepalive_timeout; silent
  std::chrono::milliseconds write_timeout{30'000};  // an answer that no byte of is taken; silent

  // A client that closed its sending side may be waiting for the answer (`nc -N`) or have gone; the
  // two look the same until something is written. OnClientGone is told after so long.
  std::chrono::milliseconds half_close_grace{2'000};

  // After a refusal or a last answer the server goes on reading and discarding for so long and so
  // much: closing on unread bytes would make the kernel throw away the answer on its way.
  std::chrono::milliseconds linger_time{5'000};
  std::size_t max_linger_bytes = 64 << 20;

  // Times above are checked so often, so each may take that much longer.
  std::chrono::milliseconds sweep_interval{1'000};

  // Headers that decide who asks, or where a message ends: sent twice they are refused with 400.
  std::vector<std::string> unique_headers = {"host", "content-length", "transfer-encoding",
                                             "authorization", "x-user-id"};

  // The JSON body of the server's own refusals. Empty: {"error":{"status":400,"message":"..."}}.
  // Called on any loop; must not throw.
  std::function<std::string(int status, std::string_view message)> refusal_body = {};
};

// An HTTP/1.1 server on one listening socket. Accepted connections are dealt to the loops in turn
// and stay there. Life: Listen, Start, Drain, destructor; the loops run from before Start until
// after the destructor. Methods are called by the owner, from outside the loops, unless said.
class HttpServer {
 public:
  // `loops` and `handler` outlive the server.
  HttpServer(EventLoopGroup& loops, HttpServerOptions options, HttpHandler& handler);
  ~HttpServer();  // closes what is still open, answered or not
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Takes the port without accepting yet, so that a taken port is known before anything else
  // starts. Port 0 takes a free one. `host` is an address or a name.
  // Errors: kIo naming host and port, and the process that holds the port if /proc tells.
  Status Listen(const std::string& host, std::uint16_t port);
  std::uint16_t port() const;  // after Listen

  void Start();  // accepts; once, after Listen

  // Closes the listening socket. Open connections go on. Idempotent, from any thread but a loop's.
  void StopAccepting();

  // StopAccepting, closes idle connections, closes the others after their answer, and waits for
  // that. False if requests still ran after `timeout`. Idempotent, from any thread but a loop's.
  bool Drain(std::chrono::milliseconds timeout);

  std::size_t connection_count() const;  // from any thread

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace kalam::net
