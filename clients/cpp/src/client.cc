#include "kalam/client.h"

#include "cancellation_state.h"
#include "http_connection.h"
#include "placeholders.h"
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

Error Cancelled() {
  Error error;
  error.kind = ErrorKind::kCancelled;
  error.message = "the query was cancelled";
  return error;
}

bool FitsInHeader(const std::string& value) {
  return std::all_of(value.begin(), value.end(),
                     [](unsigned char c) { return c >= 0x20 && c != 0x7F; });
}

bool IsCancelled(CancellationState* cancellation) { return cancellation != nullptr && cancellation->IsCancelled(); }

// False: cancelled.
bool Pause(std::chrono::milliseconds time, CancellationState* cancellation) {
  if (cancellation == nullptr) {
    std::this_thread::sleep_for(time);
    return true;
  }
  std::unique_lock lock(cancellation->mutex);
  return !cancellation->changed.wait_for(lock, time, [&] { return cancellation->cancelled; });
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

  // `repeatable`: the server does nothing twice however often the request arrives, so a lost answer is asked for again.
  Result<HttpAnswer> Exchange(HttpRequest request, bool repeatable = false,
                              CancellationState* cancellation = nullptr) const {
    for (int attempt = 1;; ++attempt) {
      auto connection = Take(cancellation);
      if (!connection) return std::move(connection).error();
      auto answer = [&] {
        const CancellationState::AtWork at_work(cancellation, connection->get());
        return (*connection)->Exchange(repeatable ? request : std::move(request), headers, timeout);
      }();
      if (answer) {
        if (answer->keep_alive) GiveBack(*std::move(connection));
        return answer;
      }
      const ErrorKind kind = answer.error().kind;
      const bool lost = kind == ErrorKind::kConnection || kind == ErrorKind::kTimeout;
      if (IsCancelled(cancellation)) return Cancelled();
      if (!repeatable || !lost || attempt > max_retries) return answer;
      if (!Pause(kRetryPause * attempt, cancellation)) return Cancelled();
    }
  }

  // An idle connection that the server has not closed meanwhile, or a new one.
  Result<std::unique_ptr<HttpConnection>> Take(CancellationState* cancellation) const {
    if (IsCancelled(cancellation)) return Cancelled();
    while (auto connection = TakeIdle()) {
      if (connection->StillOpen()) return connection;
    }
    for (int attempt = 1;; ++attempt) {
      auto connection = HttpConnection::Make(address);
      auto connected = [&] {
        const CancellationState::AtWork at_work(cancellation, connection.get());
        return connection->Connect(timeout);
      }();
      if (connected) return connection;
      if (IsCancelled(cancellation)) return Cancelled();
      if (attempt > max_retries) return std::move(connected).error();
      if (!Pause(kRetryPause * attempt, cancellation)) return Cancelled();
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

Result<Response> Client::Query(std::string_view sql, const std::vector<Param>& params,
                               const QueryOptions& options) const {
  if (auto mismatch = CheckPlaceholders(sql, params.size())) return *std::move(mismatch);
  std::string body = "{\"sql\":";
  body.reserve(sql.size() + sql.size() / 16 + 32);
  AppendJsonString(sql, &body);
  if (!params.empty()) body += ",\"params\":[";
  for (std::size_t i = 0; i < params.size(); ++i) {
    if (i > 0) body += ',';
    body += params[i].json();
  }
  if (!params.empty()) body += ']';
  if (!options.request_id.empty()) {
    body += ",\"request_id\":";
    AppendJsonString(options.request_id, &body);
  }
  body += '}';
  auto answer = state_->Exchange(
      {.method = "POST", .target = state_->address.prefix + "/v1/api/sql", .body = std::move(body)},
      options.read_only || !options.request_id.empty(),
      options.cancellation ? options.cancellation->state_.get() : nullptr);
  if (!answer) return std::move(answer).error();
  return ParseSqlAnswer(*std::move(answer));
}

Result<std::vector<Response>> Client::Batch(const std::vector<std::string>& statements) const {
  std::vector<Response> answers;
  for (std::size_t i = 0; i < statements.size(); ++i) {
    auto answer = Query(statements[i]);
    if (!answer) {
      answer.error().failed_index = i;
      return std::move(answer).error();
    }
    answers.push_back(*std::move(answer));
  }
  return answers;
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

Result<LoginAnswer> Client::Login(std::string_view user, std::string_view password) const {
  std::string body = "{\"user\":";
  AppendJsonString(user, &body);
  body += ",\"password\":";
  AppendJsonString(password, &body);
  body += '}';
  auto answer = state_->Exchange(
      {.method = "POST", .target = state_->address.prefix + "/v1/api/auth/login", .body = std::move(body)});
  if (!answer) return std::move(answer).error();
  return ParseLoginAnswer(*std::move(answer));
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
