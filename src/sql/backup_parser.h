#pragma once

#include "statement_parts.h"

// BACKUP, RESTORE, SHOW BACKUPS. Errors of all: kSyntax; kInvalidArgument with the specification's
// texts (5.8).
namespace kalam::sql {

// Behind BACKUP.
Result<KalamStatement> ParseBackup(TokenReader& reader);
// Behind RESTORE.
Result<KalamStatement> ParseRestore(TokenReader& reader);
// Behind SHOW BACKUP, SHOW BACKUPS.
Result<KalamStatement> ParseShowBackups(TokenReader& reader);

}  // namespace kalam::sql
