#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "auth/role.h"
#include "base/clock.h"
#include "model/ids.h"

namespace kalam::auth {

// Longer tokens are refused unread.
inline constexpr std::size_t kMaxTokenBytes = 8 * 1024;

// What a valid token says. Times are Unix seconds.
struct Claims {
  UserId user_id;               // claim `user_id`, else `sub`; never empty
  std::optional<Role> role;     // the highest that `role` or `roles` names; nullopt without both
  std::int64_t expires_at = 0;  // `exp`
  std::optional<std::int64_t> not_before;  // `nbf`
  std::optional<std::int64_t> issued_at;   // `iat`
  std::string issuer;                      // `iss`, empty if absent
  std::string audience;                    // `aud` for SignJwt; not filled in by Verify
};

// Why a token is not accepted, one value per cause.
enum class TokenFault {
  kTooLong,
  kMalformed,     // not three strict base64url parts
  kBadHeader,     // the header is not a JSON object as we take it
  kBadAlgorithm,  // any `alg` but exactly HS256
  kBadSignature,
  kBadClaims,  // the payload is not a JSON object, or names a claim twice
  kBadUserId,  // `user_id` or `sub` missing, not a string, or not a user id
  kBadRole,    // `role` is not a string or `roles` not an array of strings
  kBadTime,    // `exp`, `nbf` or `iat` is not a number
  kNoExpiry,
  kExpired,
  kNotYetValid,
  kWrongIssuer,
  kWrongAudience,
};

inline constexpr TokenFault kLastTokenFault = TokenFault::kWrongAudience;

// The error code and text of the 401 answer: TOKEN_EXPIRED `JWT token has expired`, for all else
// INVALID_TOKEN `JWT validation failed: <why>`.
std::string_view FaultCode(TokenFault fault);
std::string FaultMessage(TokenFault fault);

using Verification = std::variant<Claims, TokenFault>;

// Checks HS256 tokens against one secret. Immutable and thread-safe; one per server.
//
// The server decides the algorithm, never the token: `alg` must say HS256, and `kid`, `jku`, `jwk`
// and `x5u` are never looked at. JSON is strict: a repeated name is refused, however it is escaped,
// since another reader of the same token might have seen the other value. `null` counts as absent.
class JwtVerifier {
 public:
  struct Options {
    std::string secret;                                  // not empty
    std::optional<std::string> issuer = std::nullopt;    // when set, `iss` must equal it
    std::optional<std::string> audience = std::nullopt;  // when set, `aud` must be or contain it
    std::chrono::seconds leeway{60};  // tolerated difference between clocks, for `exp` and `nbf`
  };

  explicit JwtVerifier(Options options);

  // About 2 us. `token` is the text after "Bearer ".
  Verification Verify(std::string_view token, TimestampMicros now) const;

  // The part of Verify that depends on the time; nullopt when the token is valid at `now`.
  std::optional<TokenFault> CheckTimes(const Claims& claims, TimestampMicros now) const;

 private:
  Options options_;
  std::uint64_t key_id_;  // tells threads whether their keyed HMAC state is this verifier's
};

// A signed token for `claims`, with the header {"alg":"HS256","typ":"JWT"}.
std::string SignJwt(const Claims& claims, std::string_view secret);

// Remembers tokens that were verified: clients send the same one with each request. Only accepted
// tokens enter, times are checked again at every use, and the least recently used one leaves when
// the cache is full. Belongs to one thread (an io loop has its own); `verifier` must outlive it.
class TokenCache {
 public:
  explicit TokenCache(const JwtVerifier& verifier, std::size_t capacity = 1024);

  // As JwtVerifier::Verify. The claims are valid until the next call.
  std::variant<const Claims*, TokenFault> Verify(std::string_view token, TimestampMicros now);

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string token;
    Claims claims;
  };

  const JwtVerifier& verifier_;
  std::size_t capacity_;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_token_;  // keys: Entry::token
};

}  // namespace kalam::auth
