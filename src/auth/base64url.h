#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kalam::auth {

// Base64 with the URL alphabet and without padding (RFC 7515). Strict: '=', white space, '+', '/'
// and stray low bits in the last character are refused, so that each byte string has exactly one
// text.
std::string EncodeBase64Url(std::string_view bytes);

// Writes the decoded bytes to `out`, which has room for 3/4 of `text`. nullopt if `text` is not
// strict base64url, else the number of bytes.
std::optional<std::size_t> DecodeBase64Url(std::string_view text, char* out);

}  // namespace kalam::auth
