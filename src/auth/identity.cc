#include "auth/identity.h"

#include <openssl/crypto.h>

#include <algorithm>

namespace kalam::auth {
namespace {

constexpr std::string_view kMissing = "MISSING_AUTHORIZATION";
constexpr std::string_view kInvalid = "INVALID_AUTHORIZATION";
constexpr std::string_view kDenied = "PERMISSION_DENIED";

AuthFailure Unauthorized(std::string_view code, std::string message) {
  return {.http_status = 401, .code = code, .message = std::move(message)};
}

AuthFailure Forbidden(std::string why) {
  return {.http_status = 403, .code = kDenied, .message = "Permission denied: " + std::move(why)};
}

// The length of the configured key may show in the time taken, its content can't.
bool SameSecret(std::string_view given, std::string_view expected) {
  return given.size() == expected.size() &&
         CRYPTO_memcmp(given.data(), expected.data(), expected.size()) == 0;
}

bool EqualsIgnoringCase(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
  });
}

// "Bearer abc" -> "abc". The scheme's case is free (RFC 9110); nullopt for another scheme.
std::optional<std::string_view> BearerToken(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (!EqualsIgnoringCase(authorization.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  const std::string_view token = authorization.substr(kScheme.size());
  if (token.empty()) return std::nullopt;
  return token;
}

// The identity of a user as system.users has it.
Resolution Load(const UserId& user, const RoleLookup& lookup) {
  const auto record = lookup(user);
  if (record && record->deleted) {
    return Unauthorized(kInvalid, "User '" + user.text() + "' is deleted");
  }
  if (user.text() == kSystemUser) return Identity{user, Role::kSystem};
  return Identity{user, record ? record->role : Role::kUser};
}

Resolution LoadNamed(std::string_view x_user_id, const RoleLookup& lookup) {
  const auto user = UserId::Parse(x_user_id);
  if (!user.ok()) return Unauthorized(kInvalid, "Invalid X-USER-ID: " + user.error().message());
  return Load(*user, lookup);
}

// A deleted user as an administrator acts for them: their rows are kept for the grace period and must be reachable.
std::optional<Identity> LoadDeleted(std::string_view x_user_id, const RoleLookup& lookup) {
  const auto user = UserId::Parse(x_user_id);
  if (!user.ok()) return std::nullopt;
  const auto record = lookup(*user);
  if (!record || !record->deleted || record->role == Role::kSystem) return std::nullopt;
  return Identity{*user, Role::kUser};
}

// X-USER-ID beside credentials: `actor` asks to act as somebody else.
Resolution ActAs(const Identity& actor, std::string_view x_user_id, const RoleLookup& lookup) {
  if (x_user_id == actor.user_id.text()) return actor;
  if (actor.role < Role::kService) {
    return Forbidden("X-USER-ID differs from the user of the credentials");
  }
  Resolution target = LoadNamed(x_user_id, lookup);
  if (std::holds_alternative<AuthFailure>(target) && IsAdmin(actor.role)) {
    if (auto deleted = LoadDeleted(x_user_id, lookup)) target = *std::move(deleted);
  }
  auto* identity = std::get_if<Identity>(&target);
  if (identity == nullptr) return target;
  if (identity->role == Role::kSystem && actor.role != Role::kSystem) {
    return Forbidden("user '" + identity->user_id.text() + "' is reserved for internal use");
  }
  identity->role = std::min(identity->role, actor.role);
  identity->actor = actor.user_id;
  return target;
}

// The user whose credentials a request carries.
Resolution LoadOwner(const UserId& user, const RoleLookup& lookup) {
  Resolution resolved = Load(user, lookup);
  const auto* identity = std::get_if<Identity>(&resolved);
  if (identity != nullptr && identity->role == Role::kSystem) {
    return Forbidden("user '" + user.text() + "' is reserved for internal use");
  }
  return resolved;
}

Resolution FromToken(std::string_view authorization, TokenCache& tokens, const RoleLookup& lookup,
                     TimestampMicros now) {
  const auto token = BearerToken(authorization);
  if (!token) {
    return Unauthorized(kInvalid, "Authorization header must be 'Bearer <token>'");
  }
  const auto checked = tokens.Verify(*token, now);
  if (const auto* fault = std::get_if<TokenFault>(&checked)) {
    return Unauthorized(FaultCode(*fault), FaultMessage(*fault));
  }
  const Claims& claims = *std::get<const Claims*>(checked);
  Resolution resolved = LoadOwner(claims.user_id, lookup);
  auto* identity = std::get_if<Identity>(&resolved);
  if (identity == nullptr) return resolved;
  identity->role = LowerOf(identity->role, claims.role);
  return resolved;
}

Resolution FromApiKey(std::string_view key, const IdentityPolicy& policy,
                      const RoleLookup& lookup) {
  if (policy.test_api_key && !policy.test_api_key->empty() && SameSecret(key, *policy.test_api_key)) {
    return Load(UserId::FromTrusted(std::string(kSystemUser)), lookup);
  }
  const auto owner = policy.find_api_key ? policy.find_api_key(key) : std::nullopt;
  if (!owner) return Unauthorized(kInvalid, "Invalid API key");
  return LoadOwner(*owner, lookup);
}

// Applies X-USER-ID, if any, to an identity that credentials gave.
Resolution WithUserHeader(Resolution resolved, const ConnectionFacts& facts,
                          const RoleLookup& lookup) {
  const auto* actor = std::get_if<Identity>(&resolved);
  if (actor == nullptr || !facts.x_user_id) return resolved;
  return ActAs(*actor, *facts.x_user_id, lookup);
}

}  // namespace

bool BypassApplies(const ConnectionFacts& facts, const IdentityPolicy& policy) {
  return policy.localhost_bypass && facts.peer_is_loopback && !facts.has_forwarding_header &&
         facts.host && IsLoopbackHost(*facts.host) &&
         (!facts.origin || policy.origins.IsTrusted(*facts.origin));
}

Resolution ResolveIdentity(const ConnectionFacts& facts, const IdentityPolicy& policy,
                           TokenCache& tokens, const RoleLookup& lookup, TimestampMicros now) {
  if (facts.basic_user) return WithUserHeader(LoadOwner(*facts.basic_user, lookup), facts, lookup);
  if (facts.authorization) {
    return WithUserHeader(FromToken(*facts.authorization, tokens, lookup, now), facts, lookup);
  }
  if (facts.api_key) {
    return WithUserHeader(FromApiKey(*facts.api_key, policy, lookup), facts, lookup);
  }
  if (BypassApplies(facts, policy)) {
    if (facts.x_user_id) return LoadNamed(*facts.x_user_id, lookup);
    return Load(policy.localhost_default_user, lookup);
  }
  if (facts.x_user_id) {
    return Unauthorized(kMissing,
                        "Authorization header is required; X-USER-ID alone is accepted only from "
                        "localhost");
  }
  return Unauthorized(kMissing, "Authorization header or X-USER-ID is required");
}

}  // namespace kalam::auth
