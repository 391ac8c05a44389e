#pragma once

#include "sql/statement.h"
#include "token_reader.h"

namespace kalam::sql {

// SUBSCRIBE TO ns.t [WHERE cond] [LAST n] [OPTIONS (last_rows=n)]; the reader stands on SUBSCRIBE.
Result<KalamStatement> ParseSubscribe(std::string_view statement, TokenReader& reader);
// KILL LIVE QUERY 'id'; the reader stands after KILL, on LIVE.
Result<KalamStatement> ParseKillLiveQuery(TokenReader& reader);

}  // namespace kalam::sql
