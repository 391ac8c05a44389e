#pragma once

#include <string_view>

namespace kalam::duck {

// May a client call this scalar, aggregate or window function? Names are lower case. The default is no:
// the list names what is known to be pure and of bounded size.
bool IsAllowedFunction(std::string_view name);

// May it stand in FROM?
// Functions that do their work once when an argument is a constant (compile a pattern, parse a format), and row by row
// or not at all when it is a parameter.
bool NeedsConstantArguments(std::string_view name);

// Its result may be larger than its largest argument, and no guard looks at its arguments (guarded_functions.h).
bool MayGrow(std::string_view name);

bool IsAllowedTableFunction(std::string_view name);

// The bounded replacement of a function that makes values of any size, or empty.
std::string_view BoundedReplacement(std::string_view name);

}  // namespace kalam::duck
