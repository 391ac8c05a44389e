#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "duck/engine.h"
#include "duckdb_headers.h"

namespace kalam::duck {

// What the query that runs on a connection may reach: its sources, by the number the walker gave
// them, and its context. Lives in the connection and is filled for each query; the scan and the id
// functions read it when they start, so a plan never carries a user's rights.
struct QueryScope final : duckdb::ClientContextState {
  static constexpr const char* kName = "kalam_query_scope";

  static QueryScope& Of(duckdb::ClientContext& context) {
    return *context.registered_state->GetOrCreate<QueryScope>(kName);
  }

  std::vector<std::shared_ptr<const ScanSource>> sources;
  const QueryContext* query = nullptr;
  // A failure of ours that ended the query: the engine carries only its text.
  std::optional<Error> failure;

  // While the engine plans: the types of the parameters as it bound them. See scan_function.h.
  std::unordered_map<std::string, duckdb::LogicalType> parameter_types;
  // Of the constants in the plan that was made last: repeat('x', 60000000) is one, computed by the optimizer.
  std::uint64_t constant_bytes = 0;
};

}  // namespace kalam::duck
