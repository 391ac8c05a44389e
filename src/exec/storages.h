#pragma once

#include "statement_context.h"

// CREATE, ALTER, DROP and SHOW STORAGE(S).
namespace kalam::exec {

Status RunCreateStorage(const sql::CreateStorage& statement, StatementContext& context);
Status RunAlterStorage(const sql::AlterStorage& statement, StatementContext& context);
Status RunDropStorage(const sql::DropStorage& statement, StatementContext& context);

}  // namespace kalam::exec
