#pragma once

#include "statement_context.h"

namespace kalam::exec {

Status RunAlterTable(const sql::AlterTable& statement, StatementContext& context);

}  // namespace kalam::exec
