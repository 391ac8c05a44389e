#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/live_endpoint.h"
#include "auth/identity.h"
#include "auth/jwt.h"
#include "auth/rate_limiter.h"
#include "base/clock.h"
#include "base/fair_worker_pool.h"
#include "base/guarded.h"
#include "exec/executor.h"
#include "net/event_loop.h"
#include "net/http_exchange.h"

namespace kalam::api {

class PasswordCheck;

struct ApiOptions {
  std::string version;            // of the server, for health
  std::string api_version = "v1";
  auth::IdentityPolicy identity;
  std::size_t max_params = 65'535;
  std::size_t max_response_bytes = std::size_t{1} << 30;  // limits.statement_memory
  unsigned max_queries_per_sec = 0;                       // rate_limit, per user; 0: no limit
  struct Tokens {                                         // those that the login endpoint makes
    std::string secret;
    std::string issuer;
    std::string audience;
    std::chrono::seconds lifetime{3600};
  } tokens = {};
  struct Load {
    std::size_t connections = 0;    // open WebSockets
    std::size_t subscriptions = 0;  // live queries
  };
  std::function<Load()> load = {};  // quick, called on event loops; health says nothing of it without
};

// Who runs what an event loop can't; see exec::Load. Owners are the acting users.
struct Workers {
  FairWorkerPool& point;
  FairWorkerPool& write;
  FairWorkerPool& analytic;
};

// Routes and requests. Handle runs on event loops; general statements run on `workers`.
//
// Threads: thread-safe. Everything passed by reference outlives it; drain the HTTP server and the
// workers before destroying it.
class Api final : public net::HttpHandler {
 public:
  Api(const exec::Executor& executor, table::Committer& committer, const catalog::Catalog& catalog,
      const auth::JwtVerifier& verifier, net::EventLoopGroup& loops, Workers workers, LiveEndpoint& live,
      const Clock& clock, ApiOptions options);
  ~Api() override;

  void Handle(net::HttpExchangePtr exchange) override;

  // Health answers 503 from now on.
  void BeginShutdown() { stopping_ = true; }

 private:
  using Headers = std::vector<std::pair<std::string, std::string>>;
  struct LoopState;
  struct Pending;

  LoopState& StateOf(net::EventLoop& loop);
  // Anybody may ask for health; how busy the server is, is added for who could run SQL.
  void HandleHealth(net::HttpExchange& exchange, Headers headers);
  bool IsKnown(net::HttpExchange& exchange);
  void HandleLogin(net::HttpExchangePtr exchange, Headers headers);
  void HandleSql(net::HttpExchangePtr exchange, Headers headers);
  // Checks HTTP Basic credentials that were not seen lately and goes on with the request.
  void CheckBasic(net::HttpExchangePtr exchange, Headers headers);
  void RunSql(net::HttpExchangePtr exchange, Headers headers, auth::Resolution resolution);
  // What a loop's round has written is synced.
  void EndRound(LoopState& loop);
  void Refuse(net::HttpExchange& exchange, Headers headers, const auth::AuthFailure& failure) const;
  std::string LoginAnswer(const catalog::User& user) const;
  FairWorkerPool& PoolOf(exec::Load load) const;
  void RunOnWorker(std::unique_ptr<Pending> pending, exec::Load load);
  void Finish(std::unique_ptr<Pending> pending, exec::Outcome outcome);

  const exec::Executor& executor_;
  LiveEndpoint& live_;
  table::Committer& committer_;
  const catalog::Catalog& catalog_;
  const Workers workers_;
  const Clock& clock_;
  const ApiOptions options_;
  const std::string sql_path_, health_path_, websocket_path_, login_path_;
  const TimestampMicros started_at_;
  const auth::RoleLookup role_lookup_;
  Guarded<auth::RateLimiter> rate_;
  std::vector<std::unique_ptr<LoopState>> loops_;
  std::atomic<bool> stopping_ = false;
  std::unique_ptr<PasswordCheck> passwords_;  // last: its thread uses the others
};

}  // namespace kalam::api
