#include "user_rules.h"

#include "model/datum.h"
#include "model/ids.h"

#include <string>

namespace kalam::exec {
namespace {

constexpr std::size_t kMaxUsernameCharacters = 128;

}  // namespace

Status CheckUserId(std::string_view user_id) {
  const auto parsed = UserId::Parse(user_id);
  if (!parsed.ok()) return parsed.error();
  return {};
}

Status CheckUsername(std::string_view username) {
  if (username.empty()) return Error(ErrorCode::kInvalidArgument, "username must not be empty");
  std::size_t characters = 0;
  for (const char c : username)
    characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  if (characters <= kMaxUsernameCharacters) return {};
  return Error(
      ErrorCode::kInvalidArgument,
      "username must have at most " + std::to_string(kMaxUsernameCharacters) + " characters");
}

Status CheckMetadata(std::string_view metadata) {
  std::string scratch;
  if (ConvertDatum(Datum::Text(metadata), DataType::kJson, scratch).ok()) return {};
  return Error(ErrorCode::kInvalidArgument, "metadata must be valid JSON");
}

Status CheckStorageMode(std::string_view mode) {
  if (mode == "table" || mode == "region") return {};
  return Error(ErrorCode::kInvalidArgument,
               "Invalid storage_mode '" + std::string(mode) + "'. Must be one of: table, region");
}

Status CheckMayHandle(const auth::Identity& who, auth::Role role) {
  if (role != auth::Role::kSystem || who.role == auth::Role::kSystem) return {};
  return Error(ErrorCode::kPermissionDenied,
               "Permission denied: role 'system' is reserved for internal use");
}

}  // namespace kalam::exec
