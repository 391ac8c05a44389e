#pragma once

#include <chrono>
#include <string_view>

#include <kalam/client.h>

namespace kalam::cli {

// A query that somebody at a terminal waits for.
struct QueryDisplay {
  // After so long, a line under the statement says how long it has been running; it is gone when the answer is there.
  std::chrono::milliseconds spinner_after{200};
};

// Runs a request. Where standard output is a terminal, it shows the line above, and Ctrl+C cancels the request, on the
// server too: ErrorKind::kCancelled. Elsewhere Ctrl+C ends the process as ever.
Result<Response> RunQuery(const Client& client, std::string_view sql, const QueryDisplay& display = {});

}  // namespace kalam::cli
