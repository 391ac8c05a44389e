#pragma once

#include <string_view>

#include "duckdb_headers.h"

namespace kalam::duck {

// The table function that every table reference of a client becomes: kalam_scan(n) reads source n of the
// connection's QueryScope. Clients can't call it: the walker refuses its name.
inline constexpr std::string_view kScanFunction = "kalam_scan";

void RegisterScanFunction(duckdb::ExtensionLoader& loader);

}  // namespace kalam::duck
