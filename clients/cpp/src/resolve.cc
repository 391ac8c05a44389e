#include "resolve.h"

namespace kalam {
inline namespace link_v1 {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

Result<std::vector<tcp::endpoint>> ResolveAddress(asio::io_context& io,
                                                  const ServerAddress& address) {
  boost::system::error_code failure;
  const auto literal = asio::ip::make_address(address.host, failure);
  if (!failure) return std::vector{tcp::endpoint(literal, address.port)};
  if (address.host == "localhost") {
    return std::vector{tcp::endpoint(asio::ip::address_v4::loopback(), address.port),
                       tcp::endpoint(asio::ip::address_v6::loopback(), address.port)};
  }
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(address.host, std::to_string(address.port), failure);
  if (failure) {
    Error error;
    error.kind = ErrorKind::kConnection;
    error.message = "cannot resolve host '" + address.host + "': " + failure.message();
    return error;
  }
  std::vector<tcp::endpoint> endpoints;
  for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  return endpoints;
}

}  // namespace link_v1
}  // namespace kalam
