#include "catalog/credentials_cipher.h"

#include <memory>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "hex.h"

namespace kalam::catalog {
namespace {

constexpr std::string_view kVersion = "v1:";
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

Context NewContext() { return Context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free); }

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
int Size(std::string_view text) { return static_cast<int>(text.size()); }

Error Failed() { return Error(ErrorCode::kInternal, "credentials could not be encrypted"); }

}  // namespace

Result<CredentialsCipher> CredentialsCipher::FromHexKey(std::string_view hex_key) {
  const auto bytes = FromHex(hex_key);
  if (!bytes || bytes->size() != kKeyBytes) {
    return Error(ErrorCode::kInvalidArgument, "must be 64 hexadecimal digits, as `openssl rand -hex 32` prints");
  }
  Key key;
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return CredentialsCipher(key);
}

Result<std::string> CredentialsCipher::Seal(std::string_view storage_id, std::string_view plain) const {
  std::string nonce(kNonceBytes, '\0');
  std::string sealed(plain.size(), '\0');
  std::string tag(kTagBytes, '\0');
  const Context context = NewContext();
  int length = 0;
  const bool done = context && RAND_bytes(Bytes(nonce), Size(nonce)) == 1 &&
                    EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key_.data(), Bytes(nonce)) == 1 &&
                    EVP_EncryptUpdate(context.get(), nullptr, &length, Bytes(storage_id), Size(storage_id)) == 1 &&
                    EVP_EncryptUpdate(context.get(), Bytes(sealed), &length, Bytes(plain), Size(plain)) == 1 &&
                    EVP_EncryptFinal_ex(context.get(), Bytes(sealed) + length, &length) == 1 &&
                    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, Size(tag), tag.data()) == 1;
  if (!done) return Failed();
  return std::string(kVersion) + ToHex(nonce + sealed + tag);
}

std::optional<std::string> CredentialsCipher::Open(std::string_view storage_id, std::string_view sealed) const {
  if (!sealed.starts_with(kVersion)) return std::nullopt;
  const auto bytes = FromHex(sealed.substr(kVersion.size()));
  if (!bytes || bytes->size() < kNonceBytes + kTagBytes) return std::nullopt;
  const std::string_view all = *bytes;
  const std::string_view nonce = all.substr(0, kNonceBytes);
  const std::string_view body = all.substr(kNonceBytes, all.size() - kNonceBytes - kTagBytes);
  std::string tag(all.substr(all.size() - kTagBytes));
  std::string plain(body.size(), '\0');
  const Context context = NewContext();
  int length = 0;
  const bool genuine = context &&
                       EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key_.data(), Bytes(nonce)) == 1 &&
                       EVP_DecryptUpdate(context.get(), nullptr, &length, Bytes(storage_id), Size(storage_id)) == 1 &&
                       EVP_DecryptUpdate(context.get(), Bytes(plain), &length, Bytes(body), Size(body)) == 1 &&
                       EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, Size(tag), tag.data()) == 1 &&
                       EVP_DecryptFinal_ex(context.get(), Bytes(plain) + length, &length) == 1;
  if (!genuine) return std::nullopt;
  return plain;
}

}  // namespace kalam::catalog
