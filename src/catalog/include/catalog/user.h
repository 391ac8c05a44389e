#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/role.h"
#include "base/clock.h"
#include "base/result.h"

namespace kalam::catalog {

// A row of system.users. Immutable; shared by readers.
struct User {
  std::string user_id;
  std::string username;
  auth::Role role = auth::Role::kUser;
  std::optional<std::string> email = {};
  std::optional<std::string> metadata = {};  // JSON text
  std::string storage_mode = "table";   // `table` or `region`
  std::optional<std::string> storage_id = {};
  std::optional<std::string> password_hash = {};  // PHC text (auth/password.h); never shown; absent: no password
  TimestampMicros created_at = 0;
  TimestampMicros updated_at = 0;
  std::optional<TimestampMicros> deleted_at = {};  // set: soft-deleted, can't authenticate

  bool operator==(const User&) const = default;
};

using UserPtr = std::shared_ptr<const User>;

// A key with which requests act as a user (X-API-KEY). The key itself is not kept.
struct ApiKey {
  std::string id;
  std::string user_id;
  std::optional<std::string> name = {};
  std::string hash;  // auth::HashApiKey
  TimestampMicros created_at = 0;

  bool operator==(const ApiKey&) const = default;
};

std::string EncodeApiKey(const ApiKey& key);
// Errors: kCorruption, starting with `key`: where the bytes were found.
Result<ApiKey> DecodeApiKey(std::string_view key, std::string_view json);

// The stored form. Times in whole milliseconds.
std::string EncodeUser(const User& user);
// Errors: kCorruption, starting with `key`: where the bytes were found.
Result<User> DecodeUser(std::string_view key, std::string_view json);

}  // namespace kalam::catalog
