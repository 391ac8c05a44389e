#pragma once

#include "base/result.h"
#include "server/config.h"

namespace kalam::server {

// Asks the server of this configuration on this machine for its health, as supervisors in an image without a shell do
// (kalamdb-server --healthcheck). OK when it answers that it is healthy within some seconds; else the error says what
// came instead. Blocks the calling thread.
Status CheckHealth(const ServerConfig& config);

}  // namespace kalam::server
