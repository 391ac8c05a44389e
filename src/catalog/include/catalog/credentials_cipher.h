#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kalam::catalog {

// Seals the credentials of storages for the disk: AES-256-GCM with a random nonce each time. The storage's id is
// authenticated along, so that sealed credentials can't be moved to another row. Stateless; thread-safe.
//
//   `v1:` hex of | nonce 12 | ciphertext | tag 16 |
class CredentialsCipher {
 public:
  // `hex_key`: 64 hexadecimal digits (openssl rand -hex 32). Errors: kInvalidArgument; the key is not repeated.
  static Result<CredentialsCipher> FromHexKey(std::string_view hex_key);

  Result<std::string> Seal(std::string_view storage_id, std::string_view plain) const;
  // nullopt when it was sealed with another key or for another storage, or was changed.
  std::optional<std::string> Open(std::string_view storage_id, std::string_view sealed) const;

 private:
  static constexpr std::size_t kKeyBytes = 32;
  using Key = std::array<unsigned char, kKeyBytes>;
  explicit CredentialsCipher(const Key& key) : key_(key) {}

  Key key_;
};

}  // namespace kalam::catalog
