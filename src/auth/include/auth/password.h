#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kalam::auth {

struct PasswordPolicy {
  std::size_t min_length = 8;   // characters
  std::size_t max_length = 72;
};

// Errors: kInvalidArgument that names the bounds, never the password.
Status CheckPassword(std::string_view password, const PasswordPolicy& policy);

// A password as it is stored: argon2id (RFC 9106) in PHC form, 19 MiB, 2 passes [15 ms]. Blocks for that long:
// not for an event loop. Errors: kInternal without memory.
Result<std::string> HashPassword(std::string_view password);

// Whether the password belongs to the hash. Takes as long for a `hash` that is empty or damaged, so that time tells
// nothing about who has an account.
bool VerifyPassword(std::string_view password, std::string_view hash);

}  // namespace kalam::auth
