#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/datum.h"

namespace kalam::wire {

// Readable bytes that must follow a body handed to ParseSqlRequest: simdjson reads ahead in blocks.
inline constexpr std::size_t kBodyPaddingBytes = 64;

// Bytes of a request_id at most: the server remembers each for ten minutes.
inline constexpr std::size_t kMaxRequestIdBytes = 128;

struct SqlRequestLimits {
  std::size_t max_params = 65'535;  // [limits] max_params
};

// The body of POST /v1/api/sql.
//
// Text borrows: from the body where the JSON text has no escapes (the common case, no allocation), else
// from a buffer this object owns. So a request, moved or not, is good for as long as the body's bytes
// stay where they are, on any thread.
struct SqlRequest {
  std::string_view sql;
  std::vector<Datum> params;  // null, bool, 64-bit integer, double or text
  std::optional<std::string_view> request_id;
  bool int64_as_string = false;

  // Not of the body: the Host that the client addressed, for answers that name a URL.
  std::string_view host = {};

  std::unique_ptr<char[]> unescaped;  // backs the views above; not for reading
};

// Reads a request strictly: valid UTF-8, exactly one JSON object, right types, no field twice.
// `params`, `request_id` and `int64_as_string` may be absent or null; unknown fields are ignored, but
// must be well-formed JSON of at most 64 levels. Integers stay exact; those outside BIGINT are refused.
//
// `body` must be followed by kBodyPaddingBytes readable bytes. Thread-safe (one parser per thread).
// Errors: kInvalidArgument that says what is wrong where (`params[2]: ...`), fit for INVALID_REQUEST;
// kLimitExceeded naming limits.max_params.
Result<SqlRequest> ParseSqlRequest(std::string_view body, const SqlRequestLimits& limits);

}  // namespace kalam::wire
