#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kalam::net {

// Who listens on a TCP port of this machine: "process 'nginx' (pid 812)". Nothing if /proc does not
// tell, as for another user's process.
std::optional<std::string> FindPortOwner(std::uint16_t port);

}  // namespace kalam::net
