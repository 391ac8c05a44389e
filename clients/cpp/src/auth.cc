#include "kalam/auth.h"

#include <algorithm>
#include <cctype>

namespace kalam {
inline namespace link_v1 {

bool Auth::LooksLikeJwt(const std::string& token) {
  if (std::count(token.begin(), token.end(), '.') != 2) return false;
  if (token.front() == '.' || token.back() == '.') return false;
  if (token.find("..") != std::string::npos) return false;
  return std::all_of(token.begin(), token.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '=';
  });
}

}  // namespace link_v1
}  // namespace kalam
