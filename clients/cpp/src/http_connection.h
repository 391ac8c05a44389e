#pragma once

#include "kalam/result.h"
#include "url.h"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kalam {
inline namespace link_v1 {

struct HttpRequest {
  std::string_view method;
  std::string target;
  std::string body;
};

struct HttpAnswer {
  int status = 0;
  std::string reason;
  std::string body;         // with spare capacity that simdjson's padding needs
  bool keep_alive = false;  // the connection may serve another request
};

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// One TCP connection that speaks HTTP/1.1, used by one thread at a time. The only file that knows
// Boost is its .cc.
class HttpConnection {
 public:
  // Connects to the first address of the host that answers. Literal addresses and `localhost`
  // skip the resolver.
  static Result<std::unique_ptr<HttpConnection>> Open(const ServerAddress& address,
                                                      std::chrono::milliseconds timeout);
  virtual ~HttpConnection() = default;

  // False if the peer has closed the connection (or sent bytes nobody asked for) since its last
  // use.
  virtual bool StillOpen() = 0;

  // Sends the request and waits for the whole answer, both within `timeout`.
  virtual Result<HttpAnswer> Exchange(HttpRequest request, const HttpHeaders& headers,
                                      std::chrono::milliseconds timeout) = 0;
};

}  // namespace link_v1
}  // namespace kalam
