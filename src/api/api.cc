#include "api/api.h"

#include <optional>
#include <unordered_set>
#include <utility>

#include "api/error_map.h"
#include "base/check.h"
#include "base/log.h"
#include "basic_cache.h"
#include "connection_facts.h"
#include "duck/cancellation.h"
#include "password_check.h"
#include "request_rate.h"
#include "table/completion.h"
#include "wire/login.h"
#include "wire/small_bodies.h"
#include "wire/sql_request.h"
#include "wire/sql_response.h"

namespace kalam::api {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;
using std::chrono::steady_clock;

// In one round of a loop; the first of them should not wait for the last.
constexpr std::size_t kServedBeforeSync = 16;

std::chrono::microseconds Since(steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - start);
}

std::chrono::seconds SecondsNow() {
  return std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now().time_since_epoch());
}

Headers Copy(std::vector<auth::ResponseHeader> from) {
  Headers headers;
  for (auto& header : from) headers.emplace_back(std::string(header.name), std::move(header.value));
  return headers;
}

}  // namespace

// What belongs to one event loop, touched on its thread only; and where its completions arrive.
struct Api::LoopState final : table::CompletionQueue {
  LoopState(net::EventLoop& event_loop, const auth::JwtVerifier& verifier) : loop(event_loop), tokens(verifier) {}

  void PostBatch(std::vector<table::Completion> batch, const Status& status) override {
    // std::function copies its captures, completions only move: hence the shared_ptr.
    auto shared = std::make_shared<std::vector<table::Completion>>(std::move(batch));
    loop.Post([shared, status] {
      for (auto& completion : *shared) completion(status);
    });
  }

  // For the audit trail: said once an hour for each pair, a service that acts for users does so all the time.
  void NoteActing(const auth::Identity& who, steady_clock::time_point now) {
    if (who.actor.empty()) return;
    if (now - acting_since > std::chrono::hours(1) || acting.size() > 10'000) {
      acting.clear();
      acting_since = now;
    }
    if (!acting.insert(who.actor.text() + "/" + who.user_id.text()).second) return;
    log::Info("api", "user '" + who.actor.text() + "' acts for user '" + who.user_id.text() + "'");
  }

  net::EventLoop& loop;
  auth::TokenCache tokens;
  RequestRate rate;
  BasicCache basic;
  std::size_t served = 0;         // SQL requests of this round
  std::size_t served_before = 0;  // of the last round that had any
  std::unordered_set<std::string> acting;
  steady_clock::time_point acting_since = steady_clock::now();
};

// A request between its arrival and its answer.
struct Api::Pending {
  net::HttpExchangePtr exchange;
  Headers headers;
  wire::SqlRequest request;
  auth::Identity who;
  steady_clock::time_point start;
  std::shared_ptr<duck::Cancellation> cancellation;
  std::string body;
  int status = 200;
};

Api::Api(const exec::Executor& executor, table::Committer& committer, const catalog::Catalog& catalog,
         const auth::JwtVerifier& verifier, net::EventLoopGroup& loops, Workers workers, LiveEndpoint& live,
         const Clock& clock, ApiOptions options)
    : executor_(executor),
      live_(live),
      committer_(committer),
      catalog_(catalog),
      workers_(workers),
      clock_(clock),
      options_(std::move(options)),
      sql_path_("/" + options_.api_version + "/api/sql"),
      health_path_("/" + options_.api_version + "/api/healthcheck"),
      websocket_path_("/" + options_.api_version + "/ws"),
      login_path_("/" + options_.api_version + "/api/auth/login"),
      started_at_(clock.NowMicros()),
      role_lookup_([this](const UserId& user) -> std::optional<auth::UserRecord> {
        const auto row = catalog_.FindUser(user.text());
        if (!row) return std::nullopt;
        return auth::UserRecord{row->role, row->deleted_at.has_value()};
      }),
      rate_(auth::RateLimiter(options_.max_queries_per_sec)),
      passwords_(std::make_unique<PasswordCheck>(catalog)) {
  for (std::size_t i = 0; i < loops.size(); ++i) {
    loops_.push_back(std::make_unique<LoopState>(loops.loop(i), verifier));
    loops.loop(i).SetRoundHook([this, state = loops_.back().get()] { EndRound(*state); });
  }
}

Api::~Api() = default;

Api::LoopState& Api::StateOf(net::EventLoop& loop) {
  for (auto& state : loops_) {
    if (&state->loop == &loop) return *state;
  }
  KALAM_CHECK(false, "an exchange of an unknown loop");
}

void Api::Handle(net::HttpExchangePtr exchange) {
  const net::HttpRequest& request = exchange->request();
  const std::string_view path = request.path();
  const auto origin = request.Header("origin");
  const std::string_view host = request.Header("host").value_or("");
  if (request.method() == "OPTIONS") {
    exchange->Respond({.status = 204,
                       .headers = Copy(options_.identity.origins.PreflightHeaders(
                           origin, host, request.Header("access-control-request-headers")))});
    return;
  }
  Headers headers;
  if (origin) headers = Copy(options_.identity.origins.AnswerHeaders(origin, host));

  const bool is_sql = path == sql_path_;
  const bool is_login = path == login_path_;
  const bool is_health = path == health_path_ || path == "/health" || path == "/v1/health";
  const auto refuse = [&](int status, std::string_view code, std::string_view message) {
    exchange->Respond({.status = status, .body = wire::ErrorBody(code, message), .headers = std::move(headers)});
  };
  if (is_sql && request.method() == "POST") {
    HandleSql(std::move(exchange), std::move(headers));
  } else if (is_login && request.method() == "POST") {
    HandleLogin(std::move(exchange), std::move(headers));
  } else if (is_health && (request.method() == "GET" || request.method() == "HEAD")) {
    HandleHealth(*exchange, std::move(headers));
  } else if (path == websocket_path_) {
    live_.Handle(std::move(exchange), std::move(headers));
  } else if (is_sql || is_login || is_health) {
    headers.emplace_back("Allow", is_health ? "GET, HEAD, OPTIONS" : "POST, OPTIONS");
    refuse(405, "METHOD_NOT_ALLOWED", is_health ? "Use GET" : "Use POST");
  } else {
    refuse(404, "NOT_FOUND", "Unknown path. SQL goes to POST " + sql_path_);
  }
}

void Api::HandleHealth(net::HttpExchange& exchange, Headers headers) {
  const bool stopping = stopping_;
  const TimestampMicros now = clock_.NowMicros();
  wire::Health health{.status = stopping ? "unhealthy" : "healthy",
                      .version = options_.version,
                      .api_version = options_.api_version,
                      .uptime = std::chrono::seconds((now - started_at_) / 1'000'000),
                      .now = now};
  if (options_.load && IsKnown(exchange)) {
    const ApiOptions::Load load = options_.load();
    double queries_per_second = 0;
    for (const auto& loop : loops_) queries_per_second += loop->rate.PerSecond(SecondsNow());
    health.metrics = {{.active_connections = load.connections,
                       .active_subscriptions = load.subscriptions,
                       .queries_per_second = queries_per_second}};
  }
  exchange.Respond(
      {.status = stopping ? 503 : 200, .body = wire::HealthBody(health), .headers = std::move(headers)});
}

bool Api::IsKnown(net::HttpExchange& exchange) {
  if (exchange.request().HeaderCount("x-api-key") > 1) return false;
  LoopState& loop = StateOf(exchange.loop());
  auth::ConnectionFacts facts = FactsOf(exchange);
  if (facts.authorization && IsBasic(*facts.authorization)) {
    // A password is only looked up here: health must not cost what checking one does.
    facts.basic_user = loop.basic.Find(*facts.authorization, catalog_, steady_clock::now());
    if (!facts.basic_user) return false;
  }
  const auto who = auth::ResolveIdentity(facts, options_.identity, loop.tokens, role_lookup_, clock_.NowMicros());
  return std::holds_alternative<auth::Identity>(who);
}

void Api::Refuse(net::HttpExchange& exchange, Headers headers, const auth::AuthFailure& failure) const {
  if (failure.retry_after) headers.emplace_back("Retry-After", std::to_string(failure.retry_after->count()));
  exchange.Respond({.status = failure.http_status,
                    .body = wire::ErrorBody(failure.code, failure.message),
                    .headers = std::move(headers)});
}

std::string Api::LoginAnswer(const catalog::User& user) const {
  const std::int64_t now = clock_.NowMicros() / 1'000'000;
  const auto lifetime = options_.tokens.lifetime;
  auth::Claims claims;
  claims.user_id = UserId::FromTrusted(user.user_id);
  claims.role = user.role;
  claims.issued_at = now;
  claims.expires_at = now + lifetime.count();
  claims.issuer = options_.tokens.issuer;
  claims.audience = options_.tokens.audience;
  const std::string token = auth::SignJwt(claims, options_.tokens.secret);
  return wire::LoginBody({.access_token = token,
                          .expires_in = lifetime,
                          .user_id = user.user_id,
                          .username = user.username,
                          .role = auth::ToString(user.role),
                          .email = user.email});
}

void Api::HandleLogin(net::HttpExchangePtr exchange, Headers headers) {
  auto request = wire::ParseLoginRequest(exchange->request().body());
  if (!request.ok()) {
    return exchange->Respond({.status = 400,
                              .body = wire::ErrorBody("INVALID_REQUEST", request.error().message()),
                              .headers = std::move(headers)});
  }
  headers.emplace_back("Cache-Control", "no-store");
  const std::string_view peer = exchange->peer_address();
  passwords_->Start(peer, std::move(request->user), std::move(request->password),
                    [this, exchange, headers = std::move(headers)](PasswordCheck::Answer answer) mutable {
                      if (const auto* failure = std::get_if<auth::AuthFailure>(&answer)) {
                        return Refuse(*exchange, std::move(headers), *failure);
                      }
                      exchange->Respond({.status = 200,
                                         .body = LoginAnswer(*std::get<catalog::UserPtr>(answer)),
                                         .headers = std::move(headers)});
                    });
}

void Api::HandleSql(net::HttpExchangePtr exchange, Headers headers) {
  LoopState& loop = StateOf(exchange->loop());
  loop.rate.Count(SecondsNow());
  if (exchange->request().HeaderCount("x-api-key") > 1) {
    return Refuse(*exchange, std::move(headers),
                  {.http_status = 400,
                   .code = "INVALID_AUTHORIZATION",
                   .message = "X-API-KEY is given more than once"});
  }
  auth::ConnectionFacts facts = FactsOf(*exchange);
  if (facts.authorization && IsBasic(*facts.authorization)) {
    facts.basic_user = loop.basic.Find(*facts.authorization, catalog_, steady_clock::now());
    if (!facts.basic_user) return CheckBasic(std::move(exchange), std::move(headers));
  }
  auto resolution =
      auth::ResolveIdentity(facts, options_.identity, loop.tokens, role_lookup_, clock_.NowMicros());
  RunSql(std::move(exchange), std::move(headers), std::move(resolution));
}

void Api::CheckBasic(net::HttpExchangePtr exchange, Headers headers) {
  auto credentials = ParseBasic(*exchange->request().Header("authorization"));
  if (!credentials) {
    return Refuse(*exchange, std::move(headers),
                  {.http_status = 401, .code = "INVALID_AUTHORIZATION", .message = "Malformed Basic credentials"});
  }
  const std::string_view peer = exchange->peer_address();
  const auto go_on = [this, exchange, headers = std::move(headers)](PasswordCheck::Answer answer) {
    exchange->loop().Post([this, exchange, headers, answer = std::move(answer)]() mutable {
      if (const auto* failure = std::get_if<auth::AuthFailure>(&answer)) {
        return Refuse(*exchange, std::move(headers), *failure);
      }
      const catalog::User& user = *std::get<catalog::UserPtr>(answer);
      LoopState& loop = StateOf(exchange->loop());
      auth::ConnectionFacts facts = FactsOf(*exchange);
      loop.basic.Keep(*facts.authorization, user, steady_clock::now());
      facts.basic_user = UserId::FromTrusted(user.user_id);
      auto resolution =
          auth::ResolveIdentity(facts, options_.identity, loop.tokens, role_lookup_, clock_.NowMicros());
      RunSql(std::move(exchange), std::move(headers), std::move(resolution));
    });
  };
  passwords_->Start(peer, std::move(credentials->user), std::move(credentials->password), go_on);
}

void Api::EndRound(LoopState& loop) {
  const std::size_t served = std::exchange(loop.served, 0);
  if (served == 0) return;
  loop.served_before = served;
  committer_.StartSync(served == 1 ? table::Committer::Where::kHere : table::Committer::Where::kElsewhere);
}

void Api::RunSql(net::HttpExchangePtr exchange, Headers headers, auth::Resolution resolution) {
  const auto start = steady_clock::now();
  LoopState& loop = StateOf(exchange->loop());
  if (++loop.served % kServedBeforeSync == 0) committer_.StartSync(table::Committer::Where::kElsewhere);
  const auto respond = [&](int status, std::string body) {
    exchange->Respond({.status = status, .body = std::move(body), .headers = std::move(headers)});
  };
  if (const auto* failure = std::get_if<auth::AuthFailure>(&resolution)) {
    return Refuse(*exchange, std::move(headers), *failure);
  }
  const auth::Identity& who = std::get<auth::Identity>(resolution);
  loop.NoteActing(who, start);
  const bool within_rate =
      options_.max_queries_per_sec == 0 ||
      rate_.With([&](auth::RateLimiter& limiter) { return limiter.Allow(who.user_id.text(), start); });
  if (!within_rate) {
    headers.emplace_back("Retry-After", "1");
    return respond(429,
                   wire::ErrorResponse(Since(start), {.code = "RATE_LIMIT_EXCEEDED",
                                                      .message = "Too many queries per second. Please slow down."}));
  }
  auto request = wire::ParseSqlRequest(exchange->request().body(), {.max_params = options_.max_params});
  if (!request.ok()) {
    const std::string_view code =
        request.error().code() == ErrorCode::kLimitExceeded ? "LIMIT_EXCEEDED" : "INVALID_REQUEST";
    return respond(400, wire::ErrorResponse(Since(start), {.code = code, .message = request.error().message()}));
  }

  auto pending = std::make_unique<Pending>();
  pending->exchange = std::move(exchange);
  pending->headers = std::move(headers);
  pending->request = std::move(request).value();
  pending->request.host = pending->exchange->request().Header("host").value_or("");
  pending->who = std::get<auth::Identity>(std::move(resolution));
  pending->start = start;

  exec::Load load{};
  const wire::ResponseOptions writing{.int64_as_string = pending->request.int64_as_string,
                                                 .max_bytes = options_.max_response_bytes};
  {
    wire::SqlResponseWriter response(pending->body, writing);
    auto outcome = executor_.TryRun(pending->request, pending->who, response, load);
    const bool is_probably_alone = loop.served == 1 && loop.served_before == 1;
    if (is_probably_alone && outcome && outcome->durable_after != Seq()) committer_.BeginSync();
    if (outcome) {
      const auto took = Since(start);
      if (outcome->failure) {
        const WireError wire = ToWireError(outcome->failure->error.code());
        pending->status = wire.http_status;
        response.Fail(took, {.code = wire.code,
                             .message = outcome->failure->error.message(),
                             .details = outcome->failure->details});
      } else {
        response.Finish(took, response.cache_hit().value_or(false));
      }
      return Finish(std::move(pending), *std::move(outcome));
    }
  }
  pending->body.clear();
  RunOnWorker(std::move(pending), load);
}

FairWorkerPool& Api::PoolOf(exec::Load load) const {
  switch (load) {
    case exec::Load::kPoint: return workers_.point;
    case exec::Load::kWrite: return workers_.write;
    case exec::Load::kAnalytic: break;
  }
  return workers_.analytic;
}

void Api::RunOnWorker(std::unique_ptr<Pending> owned, exec::Load load) {
  owned->cancellation = std::make_shared<duck::Cancellation>();
  owned->exchange->OnClientGone([cancellation = owned->cancellation] { cancellation->Cancel(); });
  // std::function must be copyable; the task runs at most once.
  auto shared = std::make_shared<std::unique_ptr<Pending>>(std::move(owned));
  Pending& refused = **shared;
  const bool accepted = PoolOf(load).TryPost(refused.who.user_id.text(), [this, shared] {
    std::unique_ptr<Pending> pending = std::move(*shared);
    wire::SqlResponseWriter response(pending->body, {.int64_as_string = pending->request.int64_as_string,
                                                     .max_bytes = options_.max_response_bytes});
    exec::Outcome outcome;
    try {
      outcome = executor_.Run(pending->request, pending->who, *pending->cancellation, response);
    } catch (const std::exception& e) {
      log::Error("api", std::string("statement failed unexpectedly: ") + e.what());
      response.DropOpenResult();
      outcome.failure = exec::Failure{Error(ErrorCode::kInternal, "ERROR: internal error"), {}, {}};
    }
    if (outcome.failure) {
      const WireError wire = ToWireError(outcome.failure->error.code());
      pending->status = wire.http_status;
      response.Fail(Since(pending->start),
                    {.code = outcome.failure->code.empty() ? wire.code : outcome.failure->code,
                     .message = outcome.failure->error.message(),
                     .details = outcome.failure->details});
    } else {
      response.Finish(Since(pending->start), response.cache_hit().value_or(false));
    }
    Finish(std::move(pending), std::move(outcome));
  });
  if (!accepted) {
    refused.headers.emplace_back("Retry-After", "1");
    refused.exchange->Respond(
        {.status = 503,
         .body = wire::ErrorResponse(Since(refused.start),
                                     {.code = "UNAVAILABLE", .message = "The server is busy. Try again."}),
         .headers = std::move(refused.headers)});
  }
}

// The answer is written; it leaves once it is true for good.
void Api::Finish(std::unique_ptr<Pending> pending, exec::Outcome outcome) {
  const auto send = [](std::unique_ptr<Pending> done) {
    done->exchange->Respond(
        {.status = done->status, .body = std::move(done->body), .headers = std::move(done->headers)});
  };
  if (outcome.durable_after == Seq() || committer_.IsDurable(outcome.durable_after)) {
    return send(std::move(pending));
  }
  LoopState& loop = StateOf(pending->exchange->loop());
  committer_.WhenDurable(outcome.durable_after, loop,
                         [send, done = std::move(pending)](const Status& status) mutable {
                           if (!status.ok()) {
                             const WireError wire = ToWireError(status.error().code());
                             done->status = wire.http_status;
                             done->body = wire::ErrorResponse(
                                 Since(done->start), {.code = wire.code, .message = status.error().message()});
                           }
                           send(std::move(done));
                         });
}

}  // namespace kalam::api
