#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "catalog/catalog.h"
#include "model/ids.h"

namespace kalam::api {

// Remembers for a short while which HTTP Basic credentials were right, so that not every request costs a password
// hash. Keeps no credentials: entries are found by their HMAC under a key that only this object knows, and end when
// the user's password changes. Belongs to one thread.
class BasicCache {
 public:
  BasicCache();

  // The user the credentials (the header's text) belong to, if they were right lately and still are.
  std::optional<UserId> Find(std::string_view credentials, const catalog::Catalog& catalog,
                             std::chrono::steady_clock::time_point now);
  void Keep(std::string_view credentials, const catalog::User& user, std::chrono::steady_clock::time_point now);

 private:
  struct Entry {
    UserId user;
    std::string password_hash;
    std::chrono::steady_clock::time_point until;
  };
  std::string KeyOf(std::string_view credentials) const;

  std::string key_;
  std::unordered_map<std::string, Entry> entries_;
};

// `Basic bWF5YTpzZWNyZXQ=` as user and password (RFC 7617); nullopt for anything else.
struct BasicCredentials {
  std::string user;
  std::string password;
};
std::optional<BasicCredentials> ParseBasic(std::string_view authorization);
// Whether the header names that scheme at all.
bool IsBasic(std::string_view authorization);

}  // namespace kalam::api
