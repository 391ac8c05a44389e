#pragma once

#include "base/result.h"
#include "sql/statement.h"
#include "token_reader.h"

namespace kalam::sql {

// CREATE ... TABLE, from after the word TABLE to the end of the statement. Errors: those of ParseStatement.
Result<TableSpec> ParseTableSpec(TableKind kind, TokenReader& reader);

// A column as in CREATE TABLE, with its constraints and DEFAULT; and a type alone.
Result<ColumnDef> ParseColumn(TokenReader& reader);
Result<DataType> ParseType(TokenReader& reader);

// [ns.]table, names checked. Errors: kSyntax, kInvalidArgument.
Result<TableRef> ParseTableRef(TokenReader& reader);
// The same for statements that also speak of system tables: `system.jobs` is a name like any other.
Result<TableRef> ParseAnyTableRef(TokenReader& reader);

}  // namespace kalam::sql
