#pragma once

#include <string_view>

namespace kalam::duck {

// May a client call this scalar, aggregate or window function? Names are lower case. The default is no:
// the list names what is known to be pure and of bounded size.
bool IsAllowedFunction(std::string_view name);

// May it stand in FROM?
bool IsAllowedTableFunction(std::string_view name);

// The bounded replacement of a function that makes values of any size, or empty.
std::string_view BoundedReplacement(std::string_view name);

}  // namespace kalam::duck
