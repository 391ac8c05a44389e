#pragma once

#include "base/result.h"
#include "sql/statement.h"
#include "token_reader.h"

namespace kalam::sql {

// Each is called behind the words that chose it: CREATE USER, ALTER USER, DROP USER, CREATE API, DROP API,
// SHOW API, GRANT, REVOKE.
Result<KalamStatement> ParseCreateUser(TokenReader& reader);
Result<KalamStatement> ParseAlterUser(TokenReader& reader);
Result<KalamStatement> ParseDropUser(TokenReader& reader);
Result<KalamStatement> ParseCreateApiKey(TokenReader& reader);
Result<KalamStatement> ParseDropApiKey(TokenReader& reader);
Result<KalamStatement> ParseShowApiKeys(TokenReader& reader);
Result<KalamStatement> ParseGrant(TokenReader& reader);
Result<KalamStatement> ParseRevoke(TokenReader& reader);

}  // namespace kalam::sql
