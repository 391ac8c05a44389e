#include "auth/identity.h"

#include <gtest/gtest.h>

#include <map>

namespace kalam::auth {
namespace {

constexpr TimestampMicros kNow = TimestampMicros{1'800'000'000} * 1'000'000;
constexpr std::string_view kSecret = "a-secret-for-these-tests-only-32-bytes";

std::string TokenFor(std::string_view user, std::optional<Role> role = std::nullopt,
                     std::int64_t expires_in = 3600) {
  Claims claims;
  claims.user_id = UserId::FromTrusted(std::string(user));
  claims.role = role;
  claims.expires_at = kNow / 1'000'000 + expires_in;
  return SignJwt(claims, kSecret);
}

class IdentityTest : public testing::Test {
 protected:
  // "maya/user", or "401 CODE message".
  std::string Resolve() {
    if (token_) authorization_ = "Bearer " + *token_;
    if (authorization_) facts_.authorization = *authorization_;
    const RoleLookup lookup = [this](const UserId& user) -> std::optional<UserRecord> {
      const auto found = users_.find(user.text());
      if (found == users_.end()) return std::nullopt;
      return found->second;
    };
    const auto resolved = ResolveIdentity(facts_, policy_, tokens_, lookup, kNow);
    if (const auto* failure = std::get_if<AuthFailure>(&resolved)) {
      return std::to_string(failure->http_status) + " " + std::string(failure->code) + " " +
             failure->message;
    }
    const auto& identity = std::get<Identity>(resolved);
    return identity.user_id.text() + "/" + std::string(ToString(identity.role));
  }

  void FromLocalhost() {
    facts_.peer_is_loopback = true;
    facts_.host = "localhost:8080";
  }
  void FromOutside() {
    facts_.peer_is_loopback = false;
    facts_.host = "db.example.com";
  }

  std::map<std::string, UserRecord> users_ = {
      {"system", {Role::kSystem}},  {"root2", {Role::kSystem}}, {"diana", {Role::kDba}},
      {"worker", {Role::kService}}, {"maya", {Role::kUser}},    {"gone", {Role::kDba, true}}};
  ConnectionFacts facts_;
  IdentityPolicy policy_;
  JwtVerifier verifier_{JwtVerifier::Options{.secret = std::string(kSecret)}};
  TokenCache tokens_{verifier_};
  std::optional<std::string> token_;
  std::optional<std::string> authorization_;
};

constexpr const char* kNothing =
    "401 MISSING_AUTHORIZATION Authorization header or X-USER-ID is required";

TEST_F(IdentityTest, LocalhostNeedsNoCredentials) {
  FromLocalhost();
  EXPECT_EQ(Resolve(), "system/system");
  policy_.localhost_default_user = UserId::FromTrusted("maya");
  EXPECT_EQ(Resolve(), "maya/user");
}

TEST_F(IdentityTest, LocalhostMayNameAnyUser) {
  FromLocalhost();
  facts_.x_user_id = "diana";
  EXPECT_EQ(Resolve(), "diana/dba");
  facts_.x_user_id = "system";
  EXPECT_EQ(Resolve(), "system/system");
  facts_.x_user_id = "unknown-1";
  EXPECT_EQ(Resolve(), "unknown-1/user");
}

TEST_F(IdentityTest, SystemIsSystemBeforeItsRowExists) {
  FromLocalhost();
  users_.clear();
  EXPECT_EQ(Resolve(), "system/system");
}

TEST_F(IdentityTest, UserIdsAreChecked) {
  FromLocalhost();
  const std::string too_long(65, 'a');
  for (const std::string& id : {std::string(), std::string("a b"), std::string("a:b"),
                                std::string("../x"), std::string("m\xC3\xA4ya"), too_long}) {
    facts_.x_user_id = id;
    EXPECT_EQ(Resolve().substr(0, 25), "401 INVALID_AUTHORIZATION") << id;
  }
}

TEST_F(IdentityTest, BypassNeedsEveryCondition) {
  const std::string refused = kNothing;
  FromLocalhost();
  policy_.localhost_bypass = false;
  EXPECT_EQ(Resolve(), refused);
  policy_.localhost_bypass = true;

  facts_.has_forwarding_header = true;
  EXPECT_EQ(Resolve(), refused);
  facts_.has_forwarding_header = false;

  facts_.peer_is_loopback = false;
  EXPECT_EQ(Resolve(), refused);
  facts_.peer_is_loopback = true;

  for (const char* host : {"db.example.com", "127.0.0.1.nip.io", "", "0.0.0.0:8080"}) {
    facts_.host = host;
    EXPECT_EQ(Resolve(), refused) << host;
  }
  facts_.host = std::nullopt;
  EXPECT_EQ(Resolve(), refused);
  facts_.host = "[::1]:8080";

  for (const char* origin : {"https://evil.example", "null", "", "http://localhost.evil.example"}) {
    facts_.origin = origin;
    EXPECT_EQ(Resolve(), refused) << origin;
  }
  facts_.origin = "http://localhost:5173";
  EXPECT_EQ(Resolve(), "system/system");
}

TEST_F(IdentityTest, AReboundNameDoesNotGetTheBypass) {
  facts_.peer_is_loopback = true;
  facts_.host = "rebound.example:8080";
  facts_.origin = "http://rebound.example:8080";
  EXPECT_EQ(Resolve(), kNothing);
}

TEST_F(IdentityTest, ListedOriginsMayUseTheBypassTheWildcardMayNot) {
  FromLocalhost();
  facts_.origin = "https://app.example.com";
  policy_.origins = OriginPolicy({"*"});
  EXPECT_EQ(Resolve(), kNothing);
  policy_.origins = OriginPolicy({"https://app.example.com"});
  EXPECT_EQ(Resolve(), "system/system");
}

TEST_F(IdentityTest, OutsideXUserIdAloneIsNothing) {
  FromOutside();
  facts_.x_user_id = "maya";
  EXPECT_EQ(Resolve(),
            "401 MISSING_AUTHORIZATION Authorization header is required; X-USER-ID alone is "
            "accepted only from localhost");
}

TEST_F(IdentityTest, ATokenGivesItsUserWithTheRoleOfTheRow) {
  FromOutside();
  token_ = TokenFor("diana");
  EXPECT_EQ(Resolve(), "diana/dba");
  token_ = TokenFor("stranger");
  EXPECT_EQ(Resolve(), "stranger/user");
}

TEST_F(IdentityTest, ATokenLowersTheRoleAndNeverRaisesIt) {
  FromOutside();
  token_ = TokenFor("diana", Role::kUser);
  EXPECT_EQ(Resolve(), "diana/user");
  token_ = TokenFor("maya", Role::kSystem);
  EXPECT_EQ(Resolve(), "maya/user");
  token_ = TokenFor("stranger", Role::kDba);
  EXPECT_EQ(Resolve(), "stranger/user");
}

TEST_F(IdentityTest, TheTokenCountsOnLocalhostToo) {
  FromLocalhost();
  token_ = TokenFor("maya");
  EXPECT_EQ(Resolve(), "maya/user");
  token_ = "a.b.c";
  EXPECT_EQ(Resolve().substr(0, 17), "401 INVALID_TOKEN");
  token_ = TokenFor("maya", std::nullopt, -3600);
  EXPECT_EQ(Resolve(), "401 TOKEN_EXPIRED JWT token has expired");
}

TEST_F(IdentityTest, OtherSchemesAreNotAccepted) {
  FromLocalhost();
  for (const char* header : {"", "Bearer", "Bearer ", "Basic bWF5YTpw", "Token abc", "abc"}) {
    authorization_ = header;
    EXPECT_EQ(Resolve(), "401 INVALID_AUTHORIZATION Authorization header must be 'Bearer <token>'")
        << header;
  }
  authorization_ = "bearer " + TokenFor("maya");
  EXPECT_EQ(Resolve(), "maya/user");
}

TEST_F(IdentityTest, XUserIdBesideATokenOfAUserMustAgree) {
  FromOutside();
  token_ = TokenFor("maya");
  facts_.x_user_id = "maya";
  EXPECT_EQ(Resolve(), "maya/user");
  facts_.x_user_id = "diana";
  EXPECT_EQ(Resolve(),
            "403 PERMISSION_DENIED Permission denied: X-USER-ID differs from the user of the "
            "credentials");
  facts_.x_user_id = "";
  EXPECT_EQ(Resolve().substr(0, 3), "403");
  FromLocalhost();
  facts_.x_user_id = "diana";
  EXPECT_EQ(Resolve().substr(0, 3), "403") << "the bypass does not widen a token";
}

TEST_F(IdentityTest, ServiceAndDbaMayActForUsersWithoutGainingPower) {
  FromOutside();
  token_ = TokenFor("worker");
  facts_.x_user_id = "maya";
  EXPECT_EQ(Resolve(), "maya/user");
  facts_.x_user_id = "diana";
  EXPECT_EQ(Resolve(), "diana/service");
  facts_.x_user_id = "bad id";
  EXPECT_EQ(Resolve().substr(0, 25), "401 INVALID_AUTHORIZATION");
  facts_.x_user_id = "gone";
  EXPECT_EQ(Resolve().substr(0, 25), "401 INVALID_AUTHORIZATION");

  token_ = TokenFor("diana");
  facts_.x_user_id = "gone";
  EXPECT_EQ(Resolve(), "gone/user") << "their rows are kept for the grace period";
  facts_.x_user_id = "stranger";
  EXPECT_EQ(Resolve(), "stranger/user");
  token_ = TokenFor("diana", Role::kUser);
  EXPECT_EQ(Resolve().substr(0, 3), "403") << "the lowered role counts";
}

TEST_F(IdentityTest, NoTokenActsAsSystem) {
  const std::string refused =
      "403 PERMISSION_DENIED Permission denied: user 'system' is reserved for internal use";
  for (const bool local : {false, true}) {
    local ? FromLocalhost() : FromOutside();
    facts_.x_user_id = std::nullopt;
    token_ = TokenFor("system");
    EXPECT_EQ(Resolve(), refused);
    token_ = TokenFor("root2", Role::kDba);
    EXPECT_EQ(Resolve().substr(0, 3), "403");
    for (const char* actor : {"worker", "diana"}) {
      token_ = TokenFor(actor);
      facts_.x_user_id = "system";
      EXPECT_EQ(Resolve(), refused);
      facts_.x_user_id = "root2";
      EXPECT_EQ(Resolve().substr(0, 3), "403");
    }
  }
}

TEST_F(IdentityTest, DeletedUsersCannotAuthenticate) {
  FromOutside();
  token_ = TokenFor("gone");
  EXPECT_EQ(Resolve(), "401 INVALID_AUTHORIZATION User 'gone' is deleted");
  token_.reset();
  authorization_.reset();
  facts_.authorization.reset();
  FromLocalhost();
  facts_.x_user_id = "gone";
  EXPECT_EQ(Resolve(), "401 INVALID_AUTHORIZATION User 'gone' is deleted");
}

TEST_F(IdentityTest, TheTestApiKeyBelongsToSystem) {
  FromOutside();
  facts_.api_key = "key-1";
  EXPECT_EQ(Resolve(), "401 INVALID_AUTHORIZATION Invalid API key") << "none is configured";
  policy_.test_api_key = "";
  facts_.api_key = "";
  EXPECT_EQ(Resolve(), "401 INVALID_AUTHORIZATION Invalid API key") << "an empty key opens nothing";
  policy_.test_api_key = "key-1";
  for (const char* key : {"", "key-2", "key-11", "KEY-1"}) {
    facts_.api_key = key;
    EXPECT_EQ(Resolve(), "401 INVALID_AUTHORIZATION Invalid API key") << key;
  }
  facts_.api_key = "key-1";
  EXPECT_EQ(Resolve(), "system/system");
  facts_.x_user_id = "maya";
  EXPECT_EQ(Resolve(), "maya/user");
}

TEST_F(IdentityTest, TheTokenComesBeforeTheApiKey) {
  FromOutside();
  policy_.test_api_key = "key-1";
  facts_.api_key = "key-1";
  token_ = TokenFor("maya");
  EXPECT_EQ(Resolve(), "maya/user");
  token_ = "a.b.c";
  EXPECT_EQ(Resolve().substr(0, 17), "401 INVALID_TOKEN");
}

}  // namespace
}  // namespace kalam::auth
