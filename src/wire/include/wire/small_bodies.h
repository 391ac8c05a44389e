#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace kalam::wire {

// {"error":"TOKEN_EXPIRED","message":"JWT token has expired"}: failed authentication, unknown paths and
// whatever else is not an answer to SQL.
std::string ErrorBody(std::string_view code, std::string_view message);

struct HealthMetrics {
  std::size_t active_connections = 0;  // WebSockets
  std::size_t active_subscriptions = 0;
  double queries_per_second = 0;  // of the last seconds
};

struct Health {
  std::string_view status = "healthy";  // "unhealthy" while shutting down
  std::string_view version;
  std::string_view api_version = "v1";
  std::chrono::seconds uptime{0};
  TimestampMicros now = 0;
  std::optional<HealthMetrics> metrics = {};
};

// {"status":"healthy","version":"0.1.0","api_version":"v1","uptime_seconds":3600,
//  "timestamp":"2025-10-24T12:00:00Z"}, and with metrics
//  "metrics":{"active_connections":3,"active_subscriptions":5,"queries_per_second":12.4}
std::string HealthBody(const Health& health);

}  // namespace kalam::wire
