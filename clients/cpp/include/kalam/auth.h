#pragma once

#include <string>
#include <utility>

namespace kalam {
inline namespace link_v1 {

// How a client proves who it is. None() is for a server on the same machine that allows it.
class Auth {
 public:
  enum class Kind { kNone, kJwt, kApiKey };

  Auth() = default;
  static Auth None() { return Auth(); }
  // Sent as `Authorization: Bearer <token>`. Build() checks the token's outer form.
  static Auth Jwt(std::string token) { return Auth(Kind::kJwt, std::move(token)); }
  // Sent as `X-API-KEY: <key>`.
  static Auth ApiKey(std::string key) { return Auth(Kind::kApiKey, std::move(key)); }

  Kind kind() const { return kind_; }
  const std::string& secret() const { return secret_; }

  // True if `token` is three non-empty base64url parts joined by dots. Says nothing about its
  // signature: that is the server's business.
  static bool LooksLikeJwt(const std::string& token);

 private:
  Auth(Kind kind, std::string secret) : kind_(kind), secret_(std::move(secret)) {}

  Kind kind_ = Kind::kNone;
  std::string secret_;
};

}  // namespace link_v1
}  // namespace kalam
