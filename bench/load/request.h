#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "workload.h"

namespace kalam::bench {

// The bytes of POST /v1/api/sql up to and including the JSON body's fixed beginning, one head per
// user because the token differs. Bodies of one workload have one length, so heads never change.
class SqlRequests {
 public:
  // `prefix` opens the JSON body; `body_bytes` is the length of the whole body.
  SqlRequests(const WorkloadOptions& options, std::string prefix, std::size_t body_bytes);

  // Replaces *request by the head for the owner of `id` and the prefix; the caller appends the
  // rest.
  void Begin(std::uint64_t id, std::string* request) const;

 private:
  std::uint64_t rows_per_user_;
  std::vector<std::string> heads_;  // by user
  std::string prefix_;
};

}  // namespace kalam::bench
