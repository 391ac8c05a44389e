#pragma once

#include "duckdb_headers.h"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>

namespace kalam::duck {

// The names of all functions that the engine has, allowed or not: what is not among them does not exist. Read when
// first asked for, which only a refusal does: listing them takes longer than all else that opens the engine.
// Thread-safe.
class KnownFunctions {
 public:
  using Database = std::function<std::shared_ptr<duckdb::DuckDB>()>;

  // `database` tells which instance to ask, and may be called by any thread.
  explicit KnownFunctions(Database database) : database_(std::move(database)) {}

  // `name` in lower case. Throws the engine's exceptions.
  bool Contains(const std::string& name) const;

 private:
  const Database database_;
  mutable std::once_flag read_;
  mutable std::unordered_set<std::string> names_;  // changed by whoever reads them
};

}  // namespace kalam::duck
