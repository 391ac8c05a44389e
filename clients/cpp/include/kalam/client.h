#pragma once

#include "kalam/auth.h"
#include "kalam/cancellation.h"
#include "kalam/param.h"
#include "kalam/response.h"
#include "kalam/result.h"
#include "kalam/subscription.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kalam {
inline namespace link_v1 {

struct HealthStatus {
  std::string status;  // "healthy" when all is well
  std::string version;
  std::string api_version;
  std::uint64_t uptime_seconds = 0;
  // Told to those whom the server knows.
  std::optional<std::uint64_t> connections = {};
  std::optional<std::uint64_t> subscriptions = {};

  bool healthy() const { return status == "healthy" || status == "ok"; }
};

// A token that the server gave for a password.
struct LoginAnswer {
  std::string access_token;
  std::chrono::seconds expires_in{0};
  std::string user_id;
  std::string role;
};

struct QueryOptions {
  // Names this request. The server does what a request of that name asks for once, and gives a repeated one the first
  // one's answer, so that even writes are safe to send again when an answer is lost. Unique per user, for ten minutes.
  std::string request_id = {};
  // The caller's word that the statements change nothing: they too are sent again.
  bool read_only = false;
  // Lets another thread end the call; the server stops the work.
  std::optional<Cancellation> cancellation = {};
};

// A blocking client of one KalamDB server.
//
// Copies are cheap and share the connections. Any number of threads may call it: each call takes an
// idle keep-alive connection or opens one, and gives it back when the answer is complete.
//
// Retries: opening a connection is tried 1 + max_retries times, with a pause of 100 ms x attempt.
// Once a byte of the request has left, the server may have done the work: then only what QueryOptions call repeatable
// is sent again after a lost answer (kConnection, kTimeout), as often and with the same pauses.
class Client {
 public:
  class Builder;

  // Runs one statement, or several separated by ';', with values for $1, $2, ...: bound by the server, never spliced
  // into the text. A failed statement is an Error of kind kSql, which also carries the results of those before it.
  // Placeholders are counted first: a statement that does not use exactly $1 to $n for n values, each of them, is an
  // Error of kind kInvalidRequest, and nothing is sent. (Several statements take no values; the server says so.)
  Result<Response> Query(std::string_view sql, const std::vector<Param>& params = {},
                         const QueryOptions& options = {}) const;

  // Runs statements one after the other, each in a request of its own, up to the first that fails: then
  // Error::failed_index says which it was. Those before it stay done.
  Result<std::vector<Response>> Batch(const std::vector<std::string>& statements) const;

  // A live query: the changes of one SELECT over one USER or STREAM table, see subscription.h. Returns once the
  // server has accepted it. Errors: kSubscription with the server's code when it does not; kWebSocket when there is a
  // server but no WebSocket, with its http_status if it answered with one, or when the socket broke; kAuthentication;
  // and those of connecting. What may pass is tried again, as for Query.
  Result<Subscription> Subscribe(std::string_view sql, const SubscribeOptions& options = {}) const;

  // Asks the server how it is. A server that answers but is shutting down is a value, not an error.
  Result<HealthStatus> Health() const;

  // Exchanges a password for a token, for Auth::Jwt. Neither is kept. Errors: kAuthentication when the server does not
  // accept them.
  Result<LoginAnswer> Login(std::string_view user, std::string_view password) const;

  // The address as "http://host:port", for messages.
  const std::string& url() const;

 private:
  struct State;
  explicit Client(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;
};

class Client::Builder {
 public:
  // "http://host:port", "host:port" or "host"; IPv6 in brackets. Without scheme and port: 8080.
  // Default: http://localhost:8080.
  Builder& Host(std::string url);
  // The user on whose behalf requests run (X-USER-ID). Not set: the server decides from the
  // credentials.
  Builder& User(std::string user_id);
  Builder& Auth(kalam::Auth auth);
  // For connecting, and again for the whole exchange of request and answer. Default 30 s.
  Builder& Timeout(std::chrono::milliseconds timeout);
  // Default 3.
  Builder& MaxRetries(int max_retries);

  // Checks everything given; connects only when the first request is made.
  Result<Client> Build() const;

 private:
  std::string host_ = "http://localhost:8080";
  std::string user_;
  kalam::Auth auth_;
  std::chrono::milliseconds timeout_{30'000};
  int max_retries_ = 3;
};

}  // namespace link_v1
}  // namespace kalam
