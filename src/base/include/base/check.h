#pragma once

#include <string_view>

namespace kalam {

// Prints where and why, then aborts. For bugs only: a state that the code itself promised can't
// happen. Operating errors (disk full, bad input) are `Result`s.
[[noreturn]] void CheckFailed(std::string_view file, int line, std::string_view condition,
                              std::string_view message);

}  // namespace kalam

// On in release builds too: a crash loses nothing that was acknowledged, corruption might.
#define KALAM_CHECK(condition, message)                                          \
  do {                                                                           \
    if (!(condition)) [[unlikely]]                                               \
      ::kalam::CheckFailed(__FILE__, __LINE__, #condition, message);             \
  } while (false)
