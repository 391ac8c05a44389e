#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace kalam::bench {

// A JWT (HS256) for `user` with role "user", valid for a day from `now`: claims sub, user_id, iat,
// exp, roles. Users of one name length get tokens of one length.
std::string SignToken(std::string_view secret, std::string_view user,
                      std::chrono::system_clock::time_point now);

}  // namespace kalam::bench
