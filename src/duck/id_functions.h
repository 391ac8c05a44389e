#pragma once

#include "duckdb_headers.h"

namespace kalam::duck {

// SNOWFLAKE_ID(), UUID_V7(), ULID(): volatile, one value per row. They read the query's scope.
void RegisterIdFunctions(duckdb::ExtensionLoader& loader);

}  // namespace kalam::duck
