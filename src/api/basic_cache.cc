#include "basic_cache.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>

#include "base/check.h"

namespace kalam::api {
namespace {

constexpr std::size_t kMaxEntries = 1024;
constexpr std::chrono::seconds kKeepFor{60};
constexpr std::size_t kMaxHeaderBytes = 4096;
constexpr std::string_view kScheme = "basic ";

}  // namespace

BasicCache::BasicCache() : key_(32, '\0') {
  KALAM_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(key_.data()), static_cast<int>(key_.size())) == 1,
              "random bytes for a key");
}

std::string BasicCache::KeyOf(std::string_view credentials) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(credentials.data()), credentials.size(), digest.data(), &size);
  return std::string(reinterpret_cast<const char*>(digest.data()), size);
}

std::optional<UserId> BasicCache::Find(std::string_view credentials, const catalog::Catalog& catalog,
                                       std::chrono::steady_clock::time_point now) {
  const auto it = entries_.find(KeyOf(credentials));
  if (it == entries_.end()) return std::nullopt;
  const auto row = catalog.FindUser(it->second.user.text());
  if (it->second.until > now && row && row->password_hash == it->second.password_hash) return it->second.user;
  entries_.erase(it);
  return std::nullopt;
}

void BasicCache::Keep(std::string_view credentials, const catalog::User& user,
                      std::chrono::steady_clock::time_point now) {
  if (entries_.size() >= kMaxEntries) {
    std::erase_if(entries_, [&](const auto& entry) { return entry.second.until <= now; });
  }
  if (entries_.size() >= kMaxEntries) entries_.clear();
  entries_.insert_or_assign(KeyOf(credentials), Entry{UserId::FromTrusted(user.user_id),
                                                      user.password_hash.value_or(""), now + kKeepFor});
}

bool IsBasic(std::string_view authorization) {
  if (authorization.size() < kScheme.size()) return false;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != kScheme[i]) return false;
  }
  return true;
}

std::optional<BasicCredentials> ParseBasic(std::string_view authorization) {
  if (!IsBasic(authorization) || authorization.size() > kMaxHeaderBytes) return std::nullopt;
  const std::string_view encoded = authorization.substr(kScheme.size());
  if (encoded.empty() || encoded.size() % 4 != 0) return std::nullopt;
  std::string decoded(encoded.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                                   reinterpret_cast<const unsigned char*>(encoded.data()),
                                   static_cast<int>(encoded.size()));
  if (size < 0) return std::nullopt;
  const std::size_t padding = encoded.ends_with("==") ? 2 : encoded.ends_with("=") ? 1 : 0;
  decoded.resize(static_cast<std::size_t>(size) - padding);
  const auto colon = decoded.find(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  return BasicCredentials{decoded.substr(0, colon), decoded.substr(colon + 1)};
}

}  // namespace kalam::api
