#pragma once

#include "statement_context.h"

// BACKUP, RESTORE, SHOW BACKUPS.
namespace kalam::exec {

Status RunBackup(const sql::BackupNamespace& statement, StatementContext& context);
Status RunRestore(const sql::RestoreNamespace& statement, StatementContext& context);
Status RunShowBackups(const sql::ShowBackups& statement, StatementContext& context);

}  // namespace kalam::exec
