#include "cold/object_store.h"

namespace kalam::cold {
namespace {

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '=' || c == '-' || c == '@' || c == '+';
}

bool IsSegment(std::string_view segment) {
  if (segment.empty() || segment.front() == '.') return false;
  for (const char c : segment) {
    if (!IsNameByte(c)) return false;
  }
  return true;
}

}  // namespace

Result<ObjectName> ObjectName::Parse(std::string_view text) {
  bool sound = !text.empty() && text.size() <= kMaxBytes;
  for (std::size_t begin = 0; sound && begin <= text.size();) {
    const std::size_t end = std::min(text.find('/', begin), text.size());
    sound = IsSegment(text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (!sound)
    return Error(ErrorCode::kInvalidArgument,
                 "'" + std::string(text) + "' is no name of a stored file");
  return ObjectName(std::string(text));
}

}  // namespace kalam::cold
