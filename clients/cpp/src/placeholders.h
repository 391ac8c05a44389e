#pragma once

#include "kalam/error.h"

#include <cstddef>
#include <optional>
#include <string_view>

namespace kalam {
inline namespace link_v1 {

// Whether $1, $2, ... of a statement are those that `given` parameters are for: each used, and no others. What stands
// in strings, quoted names and comments is none; where these end, the server's own lexer says.
//
// The error has the server's code and words for it. It never comes for a text that the server would run: one that only
// the server can judge (several statements, an open quote, $name) is let through.
std::optional<Error> CheckPlaceholders(std::string_view sql, std::size_t given);

}  // namespace link_v1
}  // namespace kalam
