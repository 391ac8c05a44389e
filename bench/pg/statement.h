#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <libpq-fe.h>

namespace kalam::bench {

// PostgreSQL's numbers of the types that the benchmark's tables have.
inline constexpr Oid kInt8 = 20;
inline constexpr Oid kText = 25;
inline constexpr Oid kTimestampTz = 1184;

// The parameters of one execution in PostgreSQL's binary format. Kept and filled anew, so that a
// request allocates nothing.
class Parameters {
 public:
  void Clear();
  void AddInteger(std::uint64_t value);  // BIGINT and TIMESTAMPTZ
  void AddText(std::string_view text, std::string_view more = {});

  int count() const { return static_cast<int>(lengths_.size()); }
  const char* const* values();
  const int* lengths() const { return lengths_.data(); }
  const int* formats();  // all binary

 private:
  std::string bytes_;
  std::vector<int> lengths_;
  std::vector<const char*> values_;
  std::vector<int> formats_;
};

// What one request sends: the workload's prepared statement with parameters, or a text that is
// complete.
struct Statement {
  Parameters parameters;
  std::string text;  // not empty: sent as it is

  void Clear() {
    parameters.Clear();
    text.clear();
  }
};

// One row's field, from a binary result.
std::uint64_t IntegerAt(const PGresult* result, int row, int column);
std::string_view TextAt(const PGresult* result, int row, int column);

}  // namespace kalam::bench
