#pragma once

#include "duckdb_headers.h"

namespace kalam::duck {

// The table function that SegmentEngine::Write copies from.
void RegisterRowsFunction(duckdb::ExtensionLoader& loader);

}  // namespace kalam::duck
