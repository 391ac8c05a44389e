#pragma once

#include <span>
#include <string_view>

// What the prompt knows of the language without asking a server: for completion and for colours.
namespace kalam::cli {

// Upper case, sorted; some are two words. The server's grammar has more (sql/keyword.h), which are too often names.
std::span<const std::string_view> OfferedKeywords();
// Upper case, sorted: the usual spellings of types.
std::span<const std::string_view> OfferedTypes();
// With their backslash, sorted.
std::span<const std::string_view> OfferedCommands();

// Case-insensitive, of one word.
bool IsKeywordWord(std::string_view word);
bool IsTypeWord(std::string_view word);

}  // namespace kalam::cli
