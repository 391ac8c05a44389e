#include "model/ids.h"

#include <algorithm>

namespace kalam {
namespace {

constexpr std::size_t kMaxNameLength = 64;

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameCharacter(char c) { return IsLower(c) || IsDigit(c) || c == '_'; }
bool IsUserIdCharacter(char c) {
  return IsLower(c) || (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '_' || c == '-';
}

Status CheckName(std::string_view name, std::string_view what) {
  const auto invalid = [&](std::string_view why) {
    return Error(ErrorCode::kInvalidArgument, std::string(what) + " name " + std::string(why));
  };
  if (name.empty()) return invalid("cannot be empty");
  if (!IsLower(name.front())) return invalid("must start with a lowercase letter");
  if (!std::all_of(name.begin(), name.end(), IsNameCharacter)) {
    return invalid("can only contain lowercase letters, digits, and underscores");
  }
  if (name.size() > kMaxNameLength) return invalid("cannot be longer than 64 characters");
  return {};
}

}  // namespace

Result<UserId> UserId::Parse(std::string_view text) {
  if (text.empty()) return Error(ErrorCode::kInvalidArgument, "user id cannot be empty");
  if (text.size() > kMaxNameLength) {
    return Error(ErrorCode::kInvalidArgument, "user id cannot be longer than 64 characters");
  }
  if (!std::all_of(text.begin(), text.end(), IsUserIdCharacter)) {
    return Error(ErrorCode::kInvalidArgument,
                 "user id can only contain letters, digits, underscores, and hyphens");
  }
  return UserId(std::string(text));
}

Status CheckNamespaceName(std::string_view name) {
  if (name == "system" || name == "information_schema") {
    return Error(ErrorCode::kInvalidArgument, "Namespace name '" + std::string(name) + "' is reserved");
  }
  return CheckName(name, "Namespace");
}

Status CheckTableName(std::string_view name) { return CheckName(name, "Table"); }

}  // namespace kalam
