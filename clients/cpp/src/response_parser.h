#pragma once

#include "http_connection.h"
#include "kalam/client.h"

namespace kalam {
inline namespace link_v1 {

// Turns an answer of POST /v1/api/sql into results, or into the error it tells of.
Result<Response> ParseSqlAnswer(HttpAnswer answer);

Result<HealthStatus> ParseHealthAnswer(HttpAnswer answer);

Result<LoginAnswer> ParseLoginAnswer(HttpAnswer answer);

}  // namespace link_v1
}  // namespace kalam
