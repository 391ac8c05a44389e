#include "auth/api_key.h"

#include "base64url.h"

#include <array>

#include <openssl/evp.h>
#include <openssl/rand.h>

namespace kalam::auth {

Result<std::string> MakeApiKey() {
  std::string bytes(32, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) !=
      1) {
    return Error(ErrorCode::kInternal, "no random bytes for a key");
  }
  return "kalam_" + EncodeBase64Url(bytes);
}

std::string HashApiKey(std::string_view key) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  EVP_Digest(key.data(), key.size(), digest.data(), &size, EVP_sha256(), nullptr);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += kHex[digest[i] >> 4];
    hex += kHex[digest[i] & 15];
  }
  return hex;
}

}  // namespace kalam::auth
