#include "kalam/client.h"

#include "http_connection.h"
#include "response_parser.h"
#include "subscription_worker.h"
#include "url.h"

#include <algorithm>
#include <mutex>
#include <thread>

namespace kalam {
inline namespace link_v1 {

namespace {

constexpr std::chrono::milliseconds kRetryPause{100};  // times the number of the attempt
// Idle connections kept for reuse; more than that only helps a burst that is over.
constexpr std::size_t kMaxIdleConnections = 16;

Error InvalidRequest(std::string message) {
  Error error;
  error.kind = ErrorKind::kInvalidRequest;
  error.message = std::move(message);
  return error;
}

bool FitsInHeader(const std::string& value) {
  return std::all_of(value.begin(), value.end(),
                     [](unsigned char c) { return c >= 0x20 && c != 0x7F; });
}

}  // namespace

// Fixed after Build(), except for the pool of idle connections.
struct Client::State {
  ServerAddress address;
  std::string url;
  HttpHeaders headers;
  std::chrono::milliseconds timeout;
  int max_retries;

  mutable std::mutex mutex;
  mutable std::vector<std::unique_ptr<HttpConnection>> idle;  // guarded by mutex

  Result<HttpAnswer> Exchange(HttpRequest request) const {
    auto connection = Take();
    if (!connection) return std::move(connection).error();
    auto answer = (*connection)->Exchange(std::move(request), headers, timeout);
    if (answer && answer->keep_alive) GiveBack(*std::move(connection));
    return answer;
  }

  // An idle connection that the server has not closed meanwhile, or a new one.
  Result<std::unique_ptr<HttpConnection>> Take() const {
    while (auto connection = TakeIdle()) {
      if (connection->StillOpen()) return connection;
    }
    for (int attempt = 1;; ++attempt) {
      auto opened = HttpConnection::Open(address, timeout);
      if (opened || attempt > max_retries) return opened;
      std::this_thread::sleep_for(kRetryPause * attempt);
    }
  }

  std::unique_ptr<HttpConnection> TakeIdle() const {
    const std::lock_guard lock(mutex);
    if (idle.empty()) return nullptr;
    auto connection = std::move(idle.back());
    idle.pop_back();
    return connection;
  }

  void GiveBack(std::unique_ptr<HttpConnection> connection) const {
    const std::lock_guard lock(mutex);
    if (idle.size() < kMaxIdleConnections) idle.push_back(std::move(connection));
  }
};

Result<Response> Client::Query(std::string_view sql) const {
  std::string body = "{\"sql\":";
  body.reserve(sql.size() + sql.size() / 16 + 32);
  AppendJsonString(sql, &body);
  body += "}";
  return Send(std::move(body));
}

Result<Response> Client::Query(std::string_view sql, const std::vector<Param>& params) const {
  std::string body = "{\"sql\":";
  AppendJsonString(sql, &body);
  body += ",\"params\":[";
  for (std::size_t i = 0; i < params.size(); ++i) {
    if (i > 0) body += ',';
    body += params[i].json();
  }
  body += "]}";
  return Send(std::move(body));
}

Result<Response> Client::Send(std::string body) const {
  auto answer = state_->Exchange({.method = "POST",
                                  .target = state_->address.prefix + "/v1/api/sql",
                                  .body = std::move(body)});
  if (!answer) return std::move(answer).error();
  return ParseSqlAnswer(*std::move(answer));
}

Result<Subscription> Client::Subscribe(std::string_view sql, const SubscribeOptions& options) const {
  if (options.first_pause.count() < 0 || options.max_pause < options.first_pause || options.silence.count() <= 0) {
    return InvalidRequest("the pauses of a subscription must not be negative, nor the first longer than the longest");
  }
  auto worker = std::make_unique<Subscription::Worker>(
      SubscriptionTarget{.address = state_->address,
                         .headers = state_->headers,
                         .timeout = state_->timeout,
                         .max_retries = state_->max_retries},
      std::string(sql), options);
  if (auto started = worker->Start(); !started) return std::move(started).error();
  return Subscription(std::move(worker));
}

Result<HealthStatus> Client::Health() const {
  auto answer = state_->Exchange(
      {.method = "GET", .target = state_->address.prefix + "/v1/api/healthcheck", .body = {}});
  if (!answer) return std::move(answer).error();
  return ParseHealthAnswer(*std::move(answer));
}

const std::string& Client::url() const { return state_->url; }

Client::Builder& Client::Builder::Host(std::string url) {
  host_ = std::move(url);
  return *this;
}

Client::Builder& Client::Builder::User(std::string user_id) {
  user_ = std::move(user_id);
  return *this;
}

Client::Builder& Client::Builder::Auth(kalam::Auth auth) {
  auth_ = std::move(auth);
  return *this;
}

Client::Builder& Client::Builder::Timeout(std::chrono::milliseconds timeout) {
  timeout_ = timeout;
  return *this;
}

Client::Builder& Client::Builder::MaxRetries(int max_retries) {
  max_retries_ = max_retries;
  return *this;
}

Result<Client> Client::Builder::Build() const {
  auto address = ParseServerAddress(host_);
  if (!address) return std::move(address).error();
  if (timeout_.count() <= 0) return InvalidRequest("the timeout must be more than 0 ms");
  if (max_retries_ < 0) return InvalidRequest("the number of retries must not be negative");
  if (!FitsInHeader(user_)) return InvalidRequest("the user id contains control characters");
  if (!FitsInHeader(auth_.secret())) {
    return InvalidRequest("the token or key contains control characters");
  }
  using Kind = kalam::Auth::Kind;
  if (auth_.kind() == Kind::kJwt && !kalam::Auth::LooksLikeJwt(auth_.secret())) {
    Error error;
    error.kind = ErrorKind::kInvalidJwt;
    error.message = "the token is not a JWT: expected header.payload.signature";
    return error;
  }

  auto state = std::make_shared<State>();
  state->address = *std::move(address);
  state->url = state->address.Url();
  state->timeout = timeout_;
  state->max_retries = max_retries_;
  state->headers.emplace_back("User-Agent", "kalam-link");
  if (!user_.empty()) state->headers.emplace_back("X-USER-ID", user_);
  if (auth_.kind() == Kind::kJwt) {
    state->headers.emplace_back("Authorization", "Bearer " + auth_.secret());
  } else if (auth_.kind() == Kind::kApiKey) {
    state->headers.emplace_back("X-API-KEY", auth_.secret());
  }
  return Client(std::move(state));
}

}  // namespace link_v1
}  // namespace kalam
