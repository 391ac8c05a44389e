#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/identity.h"
#include "net/http_exchange.h"

namespace kalam::api {

// What the request says about who asks. Borrows from the exchange.
inline auth::ConnectionFacts FactsOf(const net::HttpExchange& exchange) {
  const net::HttpRequest& request = exchange.request();
  return {.peer_is_loopback = exchange.peer_is_loopback(),
          .has_forwarding_header = request.Header("forwarded") || request.Header("x-forwarded-for") ||
                                   request.Header("x-real-ip"),
          .host = request.Header("host"),
          .origin = request.Header("origin"),
          .authorization = request.Header("authorization"),
          .x_user_id = request.Header("x-user-id"),
          .api_key = request.Header("x-api-key")};
}

// The same, kept: to be asked again while a connection lasts.
struct KeptFacts {
  bool peer_is_loopback = false;
  bool has_forwarding_header = false;
  std::optional<std::string> host, origin, authorization, x_user_id, api_key;

  explicit KeptFacts(const auth::ConnectionFacts& facts)
      : peer_is_loopback(facts.peer_is_loopback),
        has_forwarding_header(facts.has_forwarding_header),
        host(facts.host),
        origin(facts.origin),
        authorization(facts.authorization),
        x_user_id(facts.x_user_id),
        api_key(facts.api_key) {}

  auth::ConnectionFacts view() const {
    return {.peer_is_loopback = peer_is_loopback,
            .has_forwarding_header = has_forwarding_header,
            .host = host,
            .origin = origin,
            .authorization = authorization,
            .x_user_id = x_user_id,
            .api_key = api_key};
  }
};

}  // namespace kalam::api
