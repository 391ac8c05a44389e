#pragma once

#include "net/http_request.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kalam::net {

class EventLoop;
struct WebSocketUpgrade;

struct HttpResponse {
  int status = 200;
  std::string_view content_type = "application/json";  // a literal: the text is not copied here
  std::string body = {};
  // Beside Content-Type, Content-Length, Date and Connection, which the server writes itself.
  // Control bytes in a value are sent as blanks, so that data can't forge a header.
  std::vector<std::pair<std::string, std::string>> headers = {};
  bool close = false;  // close the connection after this answer
  // With status 101 only, see AcceptWebSocket: takes the connection over after this answer.
  std::shared_ptr<WebSocketUpgrade> websocket = {};
};

// One request and the right to answer it. Shared by the handler's thread(s) and the connection; a
// connection has one running exchange at a time and starts the next request only after the answer.
//
// Threads: request(), peer...() and loop() may be read by whoever holds the pointer, for as long as
// they hold it, also after the answer or the loss of the client. Nothing here throws.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  virtual const HttpRequest& request() const = 0;

  virtual std::string_view peer_address() const = 0;  // "127.0.0.1", "::1"; no port
  virtual bool peer_is_loopback() const = 0;          // 127.0.0.0/8, ::1, also mapped into IPv6

  // The loop of the connection: where Handle ran, and where the round hook can answer directly.
  virtual EventLoop& loop() = 0;

  // Answers. From any thread, exactly once: a second call is a bug and is ignored with a log line.
  // On the loop's thread the answer is written before the call returns or, inside Handle, together
  // with the answers of the other requests that arrived in the same packet. If the client has gone
  // the answer is dropped. An exchange whose last holder lets go of it unanswered is answered 500.
  virtual void Respond(HttpResponse response) = 0;

  // `gone` is called once, on the loop, if the client goes away before the answer: the moment to
  // cancel work nobody waits for. Answer all the same. A client that only closed its sending side
  // is given HttpServerOptions::half_close_grace first, and still gets the answer if it is there.
  // Call it inside Handle, before Respond; `gone` is destroyed with the answer and may hold the
  // exchange.
  virtual void OnClientGone(std::function<void()> gone) = 0;
};

using HttpExchangePtr = std::shared_ptr<HttpExchange>;

// What a server does with its requests.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;

  // On the loop's thread; must not block. Answer at once, or keep `exchange` and answer later. An
  // exception is logged and answered with 500.
  virtual void Handle(HttpExchangePtr exchange) = 0;
};

}  // namespace kalam::net
