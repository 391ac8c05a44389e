#include "import/number_text.h"

#include <cstddef>

namespace kalam::cli {

namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Skips digits from `at` on; npos if there is none.
std::size_t SkipDigits(std::string_view text, std::size_t at) {
  const std::size_t start = at;
  while (at < text.size() && IsDigit(text[at])) ++at;
  return at == start ? std::string_view::npos : at;
}

// Skips the sign and the whole part, which has no needless zero in front.
std::size_t SkipWhole(std::string_view text) {
  const std::size_t start = text.starts_with('-') ? 1 : 0;
  const std::size_t end = SkipDigits(text, start);
  if (end == std::string_view::npos) return end;
  return text[start] == '0' && end > start + 1 ? std::string_view::npos : end;
}

}  // namespace

bool IsIntegerText(std::string_view text) {
  return !text.empty() && SkipWhole(text) == text.size();
}

bool IsNumberText(std::string_view text) {
  std::size_t at = SkipWhole(text);
  if (at == std::string_view::npos) return false;
  if (at < text.size() && text[at] == '.') {
    at = SkipDigits(text, at + 1);
    if (at == std::string_view::npos) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    at = SkipDigits(text, at);
    if (at == std::string_view::npos) return false;
  }
  return at == text.size();
}

}  // namespace kalam::cli
