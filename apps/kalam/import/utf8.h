#pragma once

#include <string_view>

namespace kalam::cli {

bool IsUtf8(std::string_view text);

}  // namespace kalam::cli
