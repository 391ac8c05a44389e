#pragma once

#include "statement_context.h"

// FLUSH and KILL JOB.
namespace kalam::exec {

Status RunFlushTable(const sql::FlushTable& statement, StatementContext& context);
Status RunFlushAllTables(const sql::FlushAllTables& statement, StatementContext& context);
Status RunKillJob(const sql::KillJob& statement, StatementContext& context);

}  // namespace kalam::exec
