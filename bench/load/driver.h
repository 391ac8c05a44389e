#pragma once

#include "base/result.h"
#include "tally.h"
#include "workload.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace kalam::bench {

struct DriveOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  unsigned connections = 64;  // over all threads
  unsigned threads = 1;
  std::chrono::milliseconds warmup{1000};
  std::chrono::milliseconds measure{5000};  // or until the workload has nothing left to do
};

// Runs `workload` as a closed loop: every connection has one request outstanding and sends the next
// as soon as the answer has been checked. Connections are opened first and kept. An error when the
// server can't be reached, breaks a connection or does not answer for 30 s.
Result<Report> Drive(Workload& workload, const DriveOptions& options);

}  // namespace kalam::bench
