#include "token.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <vector>

#include "base/check.h"

namespace kalam::bench {
namespace {

std::string Base64Url(const unsigned char* bytes, std::size_t size) {
  std::vector<unsigned char> padded(4 * ((size + 2) / 3) + 1);
  const int length = EVP_EncodeBlock(padded.data(), bytes, static_cast<int>(size));
  std::string text(padded.begin(), padded.begin() + length);
  while (!text.empty() && text.back() == '=') text.pop_back();
  for (char& c : text) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return text;
}

std::string Base64Url(std::string_view text) {
  return Base64Url(reinterpret_cast<const unsigned char*>(text.data()), text.size());
}

}  // namespace

std::string SignToken(std::string_view secret, std::string_view user,
                      std::chrono::system_clock::time_point now) {
  const auto issued =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  const std::string signed_part =
      Base64Url(R"({"alg":"HS256","typ":"JWT"})") + "." +
      Base64Url(fmt::format(
          R"({{"sub":"{0}","user_id":"{0}","iat":{1},"exp":{2},"roles":["user"]}})", user, issued,
          issued + 24 * 60 * 60));
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int mac_bytes = 0;
  const auto* done = HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
                          reinterpret_cast<const unsigned char*>(signed_part.data()),
                          signed_part.size(), mac, &mac_bytes);
  KALAM_CHECK(done != nullptr, "HMAC-SHA256 is part of every OpenSSL");
  return signed_part + "." + Base64Url(mac, mac_bytes);
}

}  // namespace kalam::bench
