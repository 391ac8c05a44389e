#pragma once

#include <optional>

#include "sql/statement.h"
#include "token_reader.h"

namespace kalam::sql {

// ALTER [kind] TABLE and ALTER NAMESPACE, from after that word to the end of the statement. Errors: those of
// ParseStatement.
Result<KalamStatement> ParseAlterTable(std::optional<TableKind> kind, TokenReader& reader);
Result<KalamStatement> ParseAlterNamespace(TokenReader& reader);

}  // namespace kalam::sql
