#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// UTF-8 as it comes in byte by byte, or from strangers.
namespace kalam::cli {

constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

// Bytes of the character that starts with this one; 0: none does.
std::size_t Utf8Length(unsigned char first);

// Whether some character begins with, or is, these bytes (not empty).
bool IsUtf8Prefix(std::string_view bytes);

// Text to be edited, of any bytes: valid UTF-8, \n for line ends, no control characters but \n and \t.
std::string CleanInput(std::string_view bytes);

}  // namespace kalam::cli
