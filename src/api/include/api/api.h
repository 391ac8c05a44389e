#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "auth/identity.h"
#include "auth/jwt.h"
#include "base/clock.h"
#include "base/worker_pool.h"
#include "exec/executor.h"
#include "net/event_loop.h"
#include "net/http_exchange.h"

namespace kalam::api {

struct ApiOptions {
  std::string version;            // of the server, for health
  std::string api_version = "v1";
  auth::IdentityPolicy identity;
  std::size_t max_params = 65'535;
  std::size_t max_response_bytes = std::size_t{1} << 30;  // limits.statement_memory
};

// Routes and requests. Handle runs on event loops; general statements run on `workers`.
//
// Threads: thread-safe. Everything passed by reference outlives it; drain the HTTP server and the
// workers before destroying it.
class Api final : public net::HttpHandler {
 public:
  Api(const exec::Executor& executor, table::Committer& committer, const catalog::Catalog& catalog,
      const auth::JwtVerifier& verifier, net::EventLoopGroup& loops, WorkerPool& workers, const Clock& clock,
      ApiOptions options);
  ~Api() override;

  void Handle(net::HttpExchangePtr exchange) override;

  // Health answers 503 from now on.
  void BeginShutdown() { stopping_ = true; }

 private:
  struct LoopState;
  struct Pending;

  LoopState& StateOf(net::EventLoop& loop);
  void HandleSql(net::HttpExchangePtr exchange, std::vector<std::pair<std::string, std::string>> headers);
  void HandleHealth(net::HttpExchange& exchange, std::vector<std::pair<std::string, std::string>> headers);
  void RunOnWorker(std::unique_ptr<Pending> pending);
  void Finish(std::unique_ptr<Pending> pending, exec::Outcome outcome);

  const exec::Executor& executor_;
  table::Committer& committer_;
  const catalog::Catalog& catalog_;
  WorkerPool& workers_;
  const Clock& clock_;
  const ApiOptions options_;
  const std::string sql_path_, health_path_, websocket_path_;
  const TimestampMicros started_at_;
  const auth::RoleLookup role_lookup_;
  std::vector<std::unique_ptr<LoopState>> loops_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace kalam::api
