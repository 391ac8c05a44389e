#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>
#include <string>
#include <vector>

#include "auth/identity.h"
#include "auth/jwt.h"
#include "base/clock.h"
#include "live/hub.h"
#include "net/http_exchange.h"
#include "net/websocket.h"

namespace kalam::api {

struct LiveEndpointOptions {
  auth::IdentityPolicy identity;
  unsigned max_messages_per_sec = 1'000;  // rate_limit.max_messages_per_sec; 0: no limit
  net::WebSocketOptions websocket;
  std::chrono::milliseconds authentication_timeout{5'000};
  std::chrono::milliseconds recheck_interval{15'000};  // how soon an expired token ends its connection
};

// Closes with these mean: no or no longer valid credentials.
inline constexpr std::uint16_t kCloseUnauthenticated = 4401;

// GET /v1/ws: upgrades, finds out who is there (headers, query parameters, localhost, or the first message), and
// passes messages between the connection and the hub.
//
// Threads: Handle on event loops; sessions live on their loop. One thread of its own closes connections that don't
// say who they are in time, and asks for each connection every now and then whether its identity still stands: an
// expired token, another role or a deleted user ends it.
class LiveEndpoint {
 public:
  // What it uses outlives it; the connections are closed before it goes (drain the HTTP server).
  LiveEndpoint(live::Hub& hub, const auth::JwtVerifier& verifier, auth::RoleLookup lookup, const Clock& clock,
               LiveEndpointOptions options);
  ~LiveEndpoint();

  // `headers` go into the answer.
  void Handle(net::HttpExchangePtr exchange, std::vector<std::pair<std::string, std::string>> headers);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kalam::api
