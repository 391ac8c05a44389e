#pragma once

#include "base/result.h"
#include "statement.h"
#include "workload.h"

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::bench {

// A kind of request to PostgreSQL: what kalam-bench's Workload of the same name is to KalamDB. Same
// rows, same ids, same checks. Used by one thread.
class PgWorkload {
 public:
  virtual ~PgWorkload() = default;

  // Prepared once on each connection; empty: each request brings its text.
  virtual std::string prepared() const = 0;
  virtual std::vector<Oid> types() const = 0;

  // Fills an empty statement. Absent: nothing is left to do.
  virtual std::optional<Task> Next(std::mt19937_64& random, Statement* statement) = 0;
  // What is wrong with a successful answer; empty when it is what was asked for.
  virtual std::string_view Wrong(const Task& task, PGresult* result) const = 0;

  virtual std::uint64_t rows_per_request() const { return 1; }
  virtual std::uint64_t next_id() const = 0;
};

const std::vector<WorkloadInfo>& PgWorkloads();
// Of the options host, secret and, but for last50, users mean nothing here.
Result<std::unique_ptr<PgWorkload>> MakePgWorkload(std::string_view name, WorkloadOptions options);

}  // namespace kalam::bench
