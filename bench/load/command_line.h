#pragma once

#include "base/result.h"
#include "driver.h"
#include "workload.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace kalam::bench {

// What the command line asks for.
struct LoadRun {
  std::string workload;
  DriveOptions drive;
  WorkloadOptions work;
};

struct LoadOutcome {
  Report report;
  std::uint64_t rows_per_request = 1;
  std::uint64_t next_id = 0;  // where the next run of a writing workload may go on
};

// main() of a load generator: reads the options, runs, prints a table for people on stderr and one
// line of JSON for scripts on stdout. The exit code is 1 when an answer was wrong.
int LoadMain(int argc, char** argv, const std::string& about,
             const std::vector<WorkloadInfo>& workloads,
             const std::function<Result<LoadOutcome>(const LoadRun&)>& run);

}  // namespace kalam::bench
