#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "duckdb_headers.h"

namespace kalam::duck {

// The table function that every table reference of a client becomes: kalam_scan(n) reads source n of the
// connection's QueryScope. Clients can't call it: the walker refuses its name.
inline constexpr std::string_view kScanFunction = "kalam_scan";

void RegisterScanFunction(duckdb::ExtensionLoader& loader);

// Notes the types of parameters before the engine's optimizer forgets those that a scan's filter holds; the scan puts
// them back, so that a prepared statement is planned once and not at each run. Counts what is planned.
duckdb::OptimizerExtension ParameterKeeper(std::atomic<std::uint64_t>& plans);

}  // namespace kalam::duck
