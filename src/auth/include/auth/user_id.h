#pragma once

#include <cstddef>
#include <string_view>

namespace kalam::auth {

inline constexpr std::size_t kMaxUserIdBytes = 64;

// The user that the server creates for itself at first start; its role is `system`.
inline constexpr std::string_view kSystemUser = "system";

// 1 to 64 ASCII letters, digits, '_' and '-'. Ids become parts of storage keys and of file paths, so
// nothing else is ever let through.
bool IsValidUserId(std::string_view id);

}  // namespace kalam::auth
