#pragma once

#include <string_view>

namespace kalam::cli {

// Whether `text` is a number as JSON and SQL both write it: -12, 0.5, 1e9.
bool IsNumberText(std::string_view text);

// The same without fraction and exponent.
bool IsIntegerText(std::string_view text);

}  // namespace kalam::cli
