#pragma once

#include <string>

#include "duck/engine.h"
#include "duckdb_headers.h"

namespace kalam::duck {

inline duckdb::Value UserValue(const QueryContext& query) { return duckdb::Value(std::string(query.current_user)); }

inline duckdb::Value NowValue(const QueryContext& query) {
  return duckdb::Value::TIMESTAMP(duckdb::timestamp_t(query.now));
}

inline constexpr TimestampMicros kMicrosPerDay = 86'400'000'000;

inline duckdb::Value DateValue(const QueryContext& query) {
  return duckdb::Value::DATE(duckdb::date_t(static_cast<std::int32_t>(query.now / kMicrosPerDay)));
}

inline duckdb::Value TimeValue(const QueryContext& query) {
  return duckdb::Value::TIME(duckdb::dtime_t(query.now % kMicrosPerDay));
}

}  // namespace kalam::duck
