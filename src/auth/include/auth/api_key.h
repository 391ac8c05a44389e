#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace kalam::auth {

// A new key, shown once: `kalam_` and 43 characters for 256 random bits. Errors: kInternal.
Result<std::string> MakeApiKey();

// What is stored of a key and looked up by: SHA-256 in hex. A key is random enough to need no salt, and looking up
// a hash tells nothing about keys that are nearly right.
std::string HashApiKey(std::string_view key);

}  // namespace kalam::auth
