#pragma once

#include "bounded_functions.h"
#include "duckdb_headers.h"

namespace kalam::duck {

// Puts a check before functions of the engine whose results outgrow their arguments, or whose time does:
// `||` and `concat` (a dozen of them in a chain make gigabytes out of one text), `hex`, `levenshtein`, ...
// The engine's own memory limit does not see their texts, and its interrupt does not stop a single call.
//
// The check looks at the sizes of the arguments of one vector of rows and refuses with the key's name what
// would go beyond the limits; then the engine's function runs as it is. Called once, before the first query.
void GuardFunctions(duckdb::DatabaseInstance& database, const SizeLimits& limits);

}  // namespace kalam::duck
