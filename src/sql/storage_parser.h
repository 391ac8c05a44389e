#pragma once

#include "sql/statement.h"
#include "token_reader.h"

namespace kalam::sql {

// CREATE, ALTER and DROP STORAGE, from after the word STORAGE to the end of the statement. Errors: those of
// ParseStatement.
Result<KalamStatement> ParseCreateStorage(TokenReader& reader);
Result<KalamStatement> ParseAlterStorage(TokenReader& reader);
Result<KalamStatement> ParseDropStorage(TokenReader& reader);

}  // namespace kalam::sql
