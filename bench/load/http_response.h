#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace kalam::bench {

// One answer at the front of a receive buffer; `body` points into that buffer.
struct HttpResponse {
  int status = 0;
  std::string_view body;
  std::size_t total_bytes = 0;  // head and body: where the next answer begins
};

// Reads as much of HTTP/1.1 as a keep-alive answer of known length needs: status line and
// Content-Length. Absent means more bytes are needed. An error means that the stream can't be used
// any further: not HTTP, chunked, without a length, or `Connection: close`, which would turn a
// keep-alive measurement into something else.
Result<std::optional<HttpResponse>> ParseResponse(std::string_view received);

}  // namespace kalam::bench
