#pragma once

#include "base/result.h"
#include "model/table_def.h"

namespace kalam::catalog {

// The rules for a new table that its definition alone can break (specification 5.2): names, exactly one
// primary key of type BIGINT or TEXT, no column twice, no system column, default functions on columns of
// their type, TTL on STREAM tables and only there, ACCESS. Reads the `primary_key` flags of the
// columns, not the derived index.
// Errors: kInvalidArgument with the documented texts.
Status CheckNewTable(const TableDef& def);

}  // namespace kalam::catalog
