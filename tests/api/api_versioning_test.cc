// US14 T001a test_api_versioning: everything is served under /v1, and nothing at the places of before.

#include <string>

#include "support/server_test.h"

namespace kalam::test {
namespace {

class ApiVersioning : public SharedServerTest {
 protected:
  static HttpResponse Upgrade(const std::string& path) {
    HttpClient http(server().port());
    http.SendRaw("GET " + path +
                 " HTTP/1.1\r\nHost: localhost\r\nX-USER-ID: maya\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                 "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    return http.ReadResponse();
  }
};

// US14 T003a test_v1_websocket_endpoint, T013a
TEST_F(ApiVersioning, V1WebsocketEndpoint) {
  const HttpResponse answer = Upgrade("/v1/ws");
  EXPECT_EQ(answer.status, 101);
  EXPECT_EQ(answer.Header("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");  // the example of RFC 6455
}

// US14 T005a test_legacy_sql_endpoint_error, T006a test_legacy_ws_endpoint_error: struck out, there are none
TEST_F(ApiVersioning, LegacyEndpointsAreNotThere) {
  HttpClient http(server().port());
  for (const char* path : {"/api/sql", "/sql", "/v2/api/sql"}) {
    EXPECT_EQ(http.Request("POST", path, R"({"sql":"SELECT 1"})").status, 404)
        << path;
  }
  for (const char* path : {"/ws", "/v2/ws"}) EXPECT_EQ(Upgrade(path).status, 404) << path;
  EXPECT_EQ(http.Get("/api/healthcheck").status, 404);
}

// US14 T010c test_sqlparser_rs_integration, T010d test_custom_statement_extension: standard SQL through the standard
// parser, ours through the extension, in one request
TEST_F(ApiVersioning, StandardAndOwnStatementsInOneRequest) {
  const std::string ns = OwnNamespace();
  const SqlAnswer answer = Client().Run(
      "CREATE USER TABLE " + ns + ".t (id BIGINT PRIMARY KEY, n INT); "
      "INSERT INTO " + ns + ".t WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < 5) "
      "SELECT x, x * x FROM i; "
      "SELECT max(total) FROM (SELECT sum(n) OVER (ORDER BY id ROWS 1 PRECEDING) AS total FROM " + ns + ".t)");
  ASSERT_TRUE(Ok(answer));
  EXPECT_EQ(answer.rows(2), (std::vector<std::vector<std::string>>{{"41"}}));
  EXPECT_TRUE(FailsWith(Client().Run("SELECT FROM WHERE"), "INVALID_SQL", ""));
  EXPECT_TRUE(FailsWith(Client().Run("CREATE STORAGE"), "INVALID_SQL", ""));
}

}  // namespace
}  // namespace kalam::test
