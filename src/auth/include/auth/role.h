#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"

namespace kalam::auth {

// The power of an identity, weakest first: each role may do at least what the one before it may, so
// roles compare with `<`. Stored in `system.users.role` by name.
//
//   user     own rows, public tables
//   service  background jobs: acts for users through X-USER-ID
//   dba      all data, namespaces, users
//   system   the server itself; from outside only through the localhost bypass or the test API key
enum class Role { kUser, kService, kDba, kSystem };

inline constexpr Role kAllRoles[] = {Role::kUser, Role::kService, Role::kDba, Role::kSystem};

std::string_view ToString(Role role);

// Exact, lower-case names only; nullopt for anything else.
std::optional<Role> FindRole(std::string_view name);

// kInvalidArgument `Invalid role 'admin'. Must be one of: user, service, dba, system`.
Result<Role> ParseRole(std::string_view name);

// The role of a request: what the user's row gives, lowered by what its token claims. A token that
// claims more than the row has gains nothing.
Role LowerOf(Role row, std::optional<Role> claimed);

// dba or system: may see and change everything that users can.
inline bool IsAdmin(Role role) { return role >= Role::kDba; }

}  // namespace kalam::auth
