#pragma once

#include "system_dml.h"

#include <memory>

namespace kalam::exec {

// Writes system.users (specification 5.10): soft deletes, times set by the server, rules of
// user_rules.h.
std::unique_ptr<SystemTableWriter> MakeSystemUsersWriter(StatementContext& context);

}  // namespace kalam::exec
