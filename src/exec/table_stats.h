#pragma once

#include "query/inspection.h"
#include "statement_context.h"

namespace kalam::exec {

// SHOW TABLE STATS of a table that the caller may see: `metric`, `value`. Of a USER table, admins and services
// get the rows of all users, others their own: counts tell, too.
Result<query::Listing> TableStats(const TableDef& table, const StatementContext& context);

}  // namespace kalam::exec
