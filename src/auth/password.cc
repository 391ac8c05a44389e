#include "auth/password.h"

#include <array>
#include <cstdint>

#include <argon2.h>
#include <openssl/rand.h>

namespace kalam::auth {
namespace {

// OWASP's recommendation for argon2id (Password Storage Cheat Sheet).
constexpr std::uint32_t kPasses = 2;
constexpr std::uint32_t kMemoryKiB = 19 * 1024;
constexpr std::uint32_t kLanes = 1;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kMaxPasswordBytes = 1024;  // whatever the policy allows, hashing is bounded

std::size_t Characters(std::string_view utf8) {
  std::size_t count = 0;
  for (const char c : utf8) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

// What is compared with when there is nothing to compare with: of no password that is known, and as long to compute.
std::string NobodysHash() {
  const auto base64_of_zeros = [](std::size_t bytes) { return std::string((bytes * 4 + 2) / 3, 'A'); };
  return "$argon2id$v=" + std::to_string(ARGON2_VERSION_NUMBER) + "$m=" + std::to_string(kMemoryKiB) +
         ",t=" + std::to_string(kPasses) + ",p=" + std::to_string(kLanes) + "$" + base64_of_zeros(kSaltBytes) + "$" +
         base64_of_zeros(kHashBytes);
}

}  // namespace

Status CheckPassword(std::string_view password, const PasswordPolicy& policy) {
  const std::size_t length = Characters(password);
  if (length >= policy.min_length && length <= policy.max_length &&
      password.size() <= kMaxPasswordBytes)
    return {};
  return Error(ErrorCode::kInvalidArgument, "Password must have " +
                                                std::to_string(policy.min_length) + " to " +
                                                std::to_string(policy.max_length) + " characters");
}

Result<std::string> HashPassword(std::string_view password) {
  std::array<unsigned char, kSaltBytes> salt;
  if (RAND_bytes(salt.data(), salt.size()) != 1)
    return Error(ErrorCode::kInternal, "no random bytes for a salt");
  std::string encoded(
      argon2_encodedlen(kPasses, kMemoryKiB, kLanes, kSaltBytes, kHashBytes, Argon2_id), '\0');
  const int code =
      argon2id_hash_encoded(kPasses, kMemoryKiB, kLanes, password.data(), password.size(),
                            salt.data(), salt.size(), kHashBytes, encoded.data(), encoded.size());
  if (code != ARGON2_OK) {
    return Error(ErrorCode::kInternal,
                 std::string("password hashing failed: ") + argon2_error_message(code));
  }
  encoded.resize(encoded.find('\0'));
  return encoded;
}

bool VerifyPassword(std::string_view password, std::string_view hash) {
  if (password.size() > kMaxPasswordBytes) password = password.substr(0, kMaxPasswordBytes + 1);
  const bool known = hash.starts_with("$argon2id$");
  const std::string compared = known ? std::string(hash) : NobodysHash();
  const bool same =
      argon2id_verify(compared.c_str(), password.data(), password.size()) == ARGON2_OK;
  return known && same;
}

}  // namespace kalam::auth
