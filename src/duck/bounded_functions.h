#pragma once

#include <string_view>

#include "duckdb_headers.h"

namespace kalam::duck {

// Functions of ours that stand in for those of the engine that make values of any size from small
// arguments: `memory_limit` does not bound them (measured: repeat('x', 2e9) and range(1e9) took 20 GB). These
// do the same and refuse results beyond the limits, naming the configuration key.
inline constexpr std::string_view kBoundedRepeat = "kalam_repeat";
inline constexpr std::string_view kBoundedLpad = "kalam_lpad";
inline constexpr std::string_view kBoundedRpad = "kalam_rpad";
inline constexpr std::string_view kBoundedReplace = "kalam_replace";
inline constexpr std::string_view kBoundedRange = "kalam_range";
inline constexpr std::string_view kBoundedGenerateSeries = "kalam_generate_series";

struct SizeLimits {
  std::size_t max_list_elements;
  std::size_t max_string_bytes;
};

// While one lives on a thread, all values that these functions make there may have so many bytes together:
// each of them is bounded, but rows evaluated outside a query are many and no memory limit counts them.
class MadeBytesBudget {
 public:
  explicit MadeBytesBudget(std::uint64_t bytes);
  ~MadeBytesBudget();
  MadeBytesBudget(const MadeBytesBudget&) = delete;
  MadeBytesBudget& operator=(const MadeBytesBudget&) = delete;
};

void RegisterBoundedFunctions(duckdb::ExtensionLoader& loader, const SizeLimits& limits);

}  // namespace kalam::duck
