#pragma once

#include "sql/statement.h"
#include "statement_context.h"

namespace kalam::exec {

// SUBSCRIBE TO and KILL LIVE QUERY. Each appends one result on success.
Status RunSubscribeTo(const sql::SubscribeTo& statement, StatementContext& context);
Status RunKillLiveQuery(const sql::KillLiveQuery& statement, StatementContext& context);

// Errors: kInvalidArgument naming how many subscriptions keep the table.
Status CheckNotFollowed(const TableDef& table, const StatementContext& context);
// The same for one column.
Status CheckColumnNotFollowed(const TableDef& table, std::string_view column, const StatementContext& context);

}  // namespace kalam::exec
