#pragma once

#include "kalam/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace kalam {
inline namespace link_v1 {

// Where a server is: the parts of its http URL.
struct ServerAddress {
  std::string host;  // without the brackets of an IPv6 address
  std::uint16_t port = 8080;
  std::string prefix;  // path before /v1, without a trailing slash; usually empty

  // "host:port", IPv6 in brackets: the value of the Host header.
  std::string Authority() const;
  std::string Url() const { return "http://" + Authority() + prefix; }
};

Result<ServerAddress> ParseServerAddress(std::string_view url);

}  // namespace link_v1
}  // namespace kalam
