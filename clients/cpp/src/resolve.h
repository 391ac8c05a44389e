#pragma once

#include "kalam/result.h"
#include "url.h"

#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace kalam {
inline namespace link_v1 {

// Where to connect to, in the order to try. Literal addresses and `localhost` skip the resolver.
// Errors: kConnection.
Result<std::vector<boost::asio::ip::tcp::endpoint>> ResolveAddress(boost::asio::io_context& io,
                                                                   const ServerAddress& address);

}  // namespace link_v1
}  // namespace kalam
