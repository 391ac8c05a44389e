#include "request.h"

#include <fmt/format.h>

#include "token.h"

namespace kalam::bench {

SqlRequests::SqlRequests(const WorkloadOptions& options, std::string prefix,
                         std::size_t body_bytes)
    : rows_per_user_(options.rows_per_user), prefix_(std::move(prefix)) {
  const auto now = std::chrono::system_clock::now();
  for (std::uint64_t user = 0; user < options.users; ++user) {
    const std::string token = SignToken(options.secret, fmt::format("bench-{:06}", user), now);
    heads_.push_back(
        fmt::format("POST /v1/api/sql HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n"
                    "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                    options.host, token, body_bytes));
  }
}

void SqlRequests::Begin(std::uint64_t id, std::string* request) const {
  request->assign(heads_[id / rows_per_user_ % heads_.size()]);
  request->append(prefix_);
}

}  // namespace kalam::bench
