#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "auth/jwt.h"
#include "auth/origin.h"
#include "auth/role.h"
#include "base/clock.h"
#include "model/ids.h"

namespace kalam::auth {

// The user that the server creates for itself at first start; its role is `system`, with or without
// a row.
inline constexpr std::string_view kSystemUser = "system";

// On whose behalf a request runs, and with what power.
struct Identity {
  UserId user_id;
  Role role = Role::kUser;
  // Whose credentials the request carries, when they are another user's (X-USER-ID beside credentials); else empty.
  UserId actor = {};

  bool operator==(const Identity&) const = default;
};

// What a connection says about itself. The views point into the request and must live through the
// call. A header that is absent is nullopt, an empty one is empty: the two are not the same. A
// repeated Authorization, X-API-KEY or X-USER-ID header must be refused before it gets here.
struct ConnectionFacts {
  bool peer_is_loopback = false;       // the socket's peer is in 127.0.0.0/8 or ::1
  bool has_forwarding_header = false;  // Forwarded, X-Forwarded-For or X-Real-IP is there
  std::optional<std::string_view> host;
  std::optional<std::string_view> origin;
  std::optional<std::string_view> authorization;
  std::optional<std::string_view> x_user_id;
  std::optional<std::string_view> api_key;  // X-API-KEY
  // Whose HTTP Basic credentials `authorization` holds: the caller has checked the password.
  std::optional<UserId> basic_user = {};
};

struct IdentityPolicy {
  bool localhost_bypass = true;
  UserId localhost_default_user = UserId::FromTrusted(std::string(kSystemUser));
  OriginPolicy origins;
  std::optional<std::string> test_api_key;  // development key, belongs to `system`
  // The user that an API key belongs to; nullopt for an unknown key. May be empty: then there are no keys.
  std::function<std::optional<UserId>(std::string_view key)> find_api_key;
};

// A row of system.users, as far as it matters here.
struct UserRecord {
  Role role = Role::kUser;
  bool deleted = false;  // soft-deleted: can't authenticate
};

// nullopt for a user without a row, who then has role `user`.
using RoleLookup = std::function<std::optional<UserRecord>(const UserId&)>;

// The answer to a request that has no identity. Body: {"error": code, "message": message}.
struct AuthFailure {
  int http_status = 401;  // 401, 403, or for passwords 429 and 503
  std::string_view code;  // static text, for example MISSING_AUTHORIZATION
  std::string message;
  std::optional<std::chrono::seconds> retry_after = {};  // for the Retry-After header
};

using Resolution = std::variant<Identity, AuthFailure>;

// Decides who a request is. First match wins:
//
//   1. `Authorization: Bearer <jwt>`, or HTTP Basic; what is invalid is 401, from localhost too
//   2. `X-API-KEY`
//   3. the localhost bypass: X-USER-ID, or the configured default user
//
// A token or key is authoritative. X-USER-ID beside it may name somebody else only for roles
// service and above, and the result never has more power than either of the two. A deleted user can
// only be named by dba and above, and is role `user` then. Nothing that comes
// with a token, a password or a user's API key may act as a user of role `system`.
Resolution ResolveIdentity(const ConnectionFacts& facts, const IdentityPolicy& policy,
                           TokenCache& tokens, const RoleLookup& lookup, TimestampMicros now);

// The conditions of the localhost bypass alone: switched on, a loopback peer, no sign of a proxy
// between, a loopback Host (a page that rebinds its own name to 127.0.0.1 does not have one), and
// no foreign Origin.
bool BypassApplies(const ConnectionFacts& facts, const IdentityPolicy& policy);

}  // namespace kalam::auth
