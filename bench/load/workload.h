#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kalam::bench {

// Which rows a workload touches and as whom.
//
// One rule says whose row an id is: user (id / rows_per_user) % users. With one user all rows lie
// in one partition; with rows_per_user = 1 consecutive ids go round the users.
struct WorkloadOptions {
  std::string table = "bench.messages";
  std::string host = "127.0.0.1:8080";  // for the Host header
  std::string secret = "kalamdb-dev-secret-key-change-in-production";
  std::uint64_t first_id = 0;  // 0: the first id there is
  std::uint64_t rows = 0;      // extent: what to load, or what reads find; 0: no end
  std::uint64_t users = 1;
  std::uint64_t rows_per_user = 1;
  std::uint64_t batch = 1000;  // rows per statement of the many-row workloads
};

// What one request asked for, kept until its answer is checked.
struct Task {
  std::uint64_t id = 0;
};

// A kind of request: writes them and judges their answers. One object serves all threads: `Next`
// hands out ids through an atomic counter, everything else is read-only after construction.
class Workload {
 public:
  virtual ~Workload() = default;

  // Replaces *request by the next request's bytes. Absent: nothing is left to do.
  virtual std::optional<Task> Next(std::mt19937_64& random, std::string* request) = 0;

  // What is wrong with an answer of status 200; empty when it is what was asked for.
  virtual std::string_view Wrong(const Task& task, std::string_view body) const = 0;

  // Rows that one request writes or reads.
  virtual std::uint64_t rows_per_request() const = 0;

  // The first id that no request used: where the next run of a writing workload may go on.
  virtual std::uint64_t next_id() const = 0;
};

// Names accepted by MakeWorkload, with a line on each, for --help.
struct WorkloadInfo {
  std::string_view name;
  std::string_view what;
};
const std::vector<WorkloadInfo>& Workloads();

Result<std::unique_ptr<Workload>> MakeWorkload(std::string_view name, WorkloadOptions options);

}  // namespace kalam::bench
