#pragma once

#include "statement_parts.h"

// Statements about background work.
namespace kalam::sql {

// At FLUSH. Errors: kSyntax; kInvalidArgument `Table name must be qualified (namespace.table) for FLUSH TABLE`.
Result<KalamStatement> ParseFlush(TokenReader& reader);
// Behind KILL, at JOB. Errors: kSyntax; kInvalidArgument `KILL JOB requires a job_id`.
Result<KalamStatement> ParseKillJob(TokenReader& reader);
// What KILL and SUBSCRIBE name things by: 'text', or everything up to the end, since an id is more than one token.
Result<std::string> ParseId(TokenReader& reader);

}  // namespace kalam::sql
