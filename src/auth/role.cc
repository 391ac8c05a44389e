#include "auth/role.h"

#include <algorithm>

namespace kalam::auth {

std::string_view ToString(Role role) {
  switch (role) {
    case Role::kUser: return "user";
    case Role::kService: return "service";
    case Role::kDba: return "dba";
    case Role::kSystem: return "system";
  }
  return "unknown";
}

std::optional<Role> FindRole(std::string_view name) {
  for (const Role role : kAllRoles) {
    if (ToString(role) == name) return role;
  }
  return std::nullopt;
}

Result<Role> ParseRole(std::string_view name) {
  if (const auto role = FindRole(name)) return *role;
  return Error(ErrorCode::kInvalidArgument, "Invalid role '" + std::string(name) +
                                                "'. Must be one of: user, service, dba, system");
}

Role LowerOf(Role row, std::optional<Role> claimed) { return std::min(row, claimed.value_or(row)); }

}  // namespace kalam::auth
