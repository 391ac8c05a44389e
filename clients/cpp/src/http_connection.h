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

// One TCP connection that speaks HTTP/1.1, used by one thread at a time but for Interrupt. The only file that knows
// Boost is its .cc.
class HttpConnection {
 public:
  static std::unique_ptr<HttpConnection> Make(const ServerAddress& address);
  virtual ~HttpConnection() = default;

  // To the first address of the host that answers. Literal addresses and `localhost` skip the resolver.
  virtual Result<bool> Connect(std::chrono::milliseconds timeout) = 0;

  // False if the peer has closed the connection (or sent bytes nobody asked for) since its last
  // use.
  virtual bool StillOpen() = 0;

  // Sends the request and waits for the whole answer, both within `timeout`.
  virtual Result<HttpAnswer> Exchange(HttpRequest request, const HttpHeaders& headers,
                                      std::chrono::milliseconds timeout) = 0;

  // By any thread, at any time: the call that runs, or the next one, fails, and the connection is closed.
  virtual void Interrupt() = 0;
};

}  // namespace link_v1
}  // namespace kalam
