#pragma once

#include "base/result.h"
#include "sql/statement.h"
#include "token_reader.h"

namespace kalam::sql {

// CREATE ... TABLE, from after the word TABLE to the end of the statement. Errors: those of ParseStatement.
Result<TableSpec> ParseTableSpec(TableKind kind, TokenReader& reader);

// [ns.]table, names checked. Errors: kSyntax, kInvalidArgument.
Result<TableRef> ParseTableRef(TokenReader& reader);
// The same for statements that also speak of system tables: `system.jobs` is a name like any other.
Result<TableRef> ParseAnyTableRef(TokenReader& reader);

}  // namespace kalam::sql
