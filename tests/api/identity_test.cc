// Who a request is: localhost bypass, X-USER-ID, tokens.

#include "support/server_test.h"

namespace kalam::test {
namespace {

using Identity = SharedServerTest;

SqlAnswer WhoAmI(std::uint16_t port, HttpHeaders headers) {
  SqlClient client(port);
  client.set_headers(std::move(headers));
  return client.Run("SELECT CURRENT_USER() AS who");
}

TEST_F(Identity, LocalhostNeedsNoCredentials) {
  EXPECT_EQ(WhoAmI(server().port(), {}).cell(), "system");
  EXPECT_EQ(WhoAmI(server().port(), {{"X-User-Id", "maya"}}).cell(), "maya");
}

TEST_F(Identity, TheBypassIsNotForProxiesOrForeignPages) {
  for (const HttpHeaders& headers :
       {HttpHeaders{{"X-Forwarded-For", "10.0.0.1"}}, HttpHeaders{{"Forwarded", "for=1.2.3.4"}},
        HttpHeaders{{"X-Real-IP", "1.2.3.4"}}, HttpHeaders{{"Host", "evil.example"}},
        HttpHeaders{{"Origin", "https://evil.example"}}}) {
    const SqlAnswer answer = WhoAmI(server().port(), headers);
    EXPECT_EQ(answer.http.status, 401) << answer;
    EXPECT_EQ(answer.json["error"].text(), "MISSING_AUTHORIZATION") << answer;
  }
}

TEST_F(Identity, ATokenDecides) {
  EXPECT_EQ(WhoAmI(server().port(), {{"Authorization", "Bearer " + SignToken("noah")}}).cell(), "noah");
  const SqlAnswer other =
      WhoAmI(server().port(), {{"Authorization", "Bearer " + SignToken("noah")}, {"X-USER-ID", "maya"}});
  EXPECT_EQ(other.http.status, 403) << other;
}

TEST_F(Identity, BadTokensAreRefusedFromLocalhostToo) {
  const SqlAnswer expired =
      WhoAmI(server().port(), {{"Authorization", "Bearer " + SignToken("noah", {.expires_in_seconds = -3600})}});
  EXPECT_EQ(expired.http.status, 401);
  EXPECT_EQ(expired.json["error"].text(), "TOKEN_EXPIRED");
  const SqlAnswer forged =
      WhoAmI(server().port(), {{"Authorization", "Bearer " + SignToken("noah", {.secret = "guess"})}});
  EXPECT_EQ(forged.http.status, 401);
  EXPECT_EQ(forged.json["error"].text(), "INVALID_TOKEN");
}

}  // namespace
}  // namespace kalam::test
