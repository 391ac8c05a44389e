#pragma once

#include "tally.h"

#include <cstdint>
#include <string_view>

namespace kalam::bench {

// What a run was asked for, to be told beside what came of it.
struct RunInfo {
  std::string_view workload;
  unsigned connections = 0;
  unsigned threads = 1;
  std::uint64_t rows_per_request = 1;
  std::uint64_t next_id = 0;
};

// A table for people on stderr, one line of JSON for scripts on stdout.
void Print(const RunInfo& info, const Report& report);

}  // namespace kalam::bench
