#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "server/config.h"

namespace kalam::server {

// The whole server: opens everything in order, and closes it in reverse.
//
//   configuration -> port check -> store and query engine, side by side -> catalog -> HTTP -> engine of segments
//
// Owned and used by one thread, main's.
class Server {
 public:
  // Starts and returns once requests are accepted. Errors: kIo for a taken port or an unusable
  // folder, kUnavailable when another server has the data folder, kCorruption.
  static Result<std::unique_ptr<Server>> Start(const ServerConfig& config);
  // Stops if Stop was not called.
  ~Server();

  std::uint16_t port() const;

  // Takes no new connection, answers what runs (at most `performance.request_timeout`), syncs.
  void Stop();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace kalam::server
