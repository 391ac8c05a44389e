// US9 T289 test_enhanced_api_features. The shape of POST /v1/api/sql and its neighbours, as specification section 2 has
// it.

#include "live_client.h"
#include "support/server_test.h"

namespace kalam::test {
namespace {

using SqlEndpoint = SharedServerTest;

// US14 T002a test_v1_sql_endpoint, US9 T554 test_api_response_uses_took_ms
TEST_F(SqlEndpoint, AnswersWithTheDocumentedFields) {
  const SqlAnswer answer = Client().Run("SELECT 1 AS value, 'x' AS text");
  ASSERT_TRUE(Ok(answer));
  EXPECT_EQ(answer.columns(), (std::vector<std::string>{"value", "text"}));
  EXPECT_EQ(answer.row_count(), 1);
  EXPECT_TRUE(answer.json["took_ms"].is_number());
  EXPECT_FALSE(answer.json["execution_time_ms"].exists());
  EXPECT_TRUE(answer.json["cache_hit"].is_bool());
  EXPECT_FALSE(answer.json["error"].exists());
}

TEST_F(SqlEndpoint, AnEmptyResultKeepsItsColumns) {
  const SqlAnswer answer = Client().Run("SELECT 1 AS a WHERE false");
  ASSERT_TRUE(Ok(answer));
  EXPECT_EQ(answer.columns(), std::vector<std::string>{"a"});
  EXPECT_TRUE(answer.result()["rows"].is_array());
}

TEST_F(SqlEndpoint, ABatchStopsAtItsFirstFailureAndKeepsWhatWasDone) {
  const std::string ns = OwnNamespace();
  const SqlAnswer answer = Client().Run("CREATE TABLE " + ns + ".t (id BIGINT PRIMARY KEY); INSERT INTO " + ns +
                                        ".t VALUES (1); SELECT * FROM " + ns + ".nope; INSERT INTO " + ns +
                                        ".t VALUES (2)");
  EXPECT_EQ(answer.http.status, 400);
  EXPECT_EQ(answer.error(), "Statement 3 failed: ERROR: relation '" + ns + ".nope' does not exist");
  EXPECT_EQ(answer.results().size(), 2u);
  EXPECT_EQ(Client().Run("SELECT count(*) FROM " + ns + ".t").cell(), "1");
}

TEST_F(SqlEndpoint, ABatchReadsItsOwnWrites) {
  const std::string ns = OwnNamespace();
  const SqlAnswer answer = Client().Run("CREATE TABLE " + ns + ".t (id BIGINT PRIMARY KEY); INSERT INTO " + ns +
                                        ".t VALUES (1); SELECT count(*) AS n FROM " + ns + ".t");
  ASSERT_TRUE(Ok(answer));
  EXPECT_EQ(answer.rows(2)[0][0], "1");
}

TEST_F(SqlEndpoint, ErrorsHaveTheirCodes) {
  EXPECT_TRUE(FailsWith(Client().Run(" ; -- nothing\n"), "EMPTY_SQL", "No SQL statements provided"));
  EXPECT_TRUE(FailsWith(Client().Run("SELECT 'x"), "BATCH_PARSE_ERROR",
                        "Failed to parse SQL batch: Unterminated quoted string in SQL batch"));
  EXPECT_TRUE(FailsWith(Client().Run("SELECT /* x"), "BATCH_PARSE_ERROR",
                        "Failed to parse SQL batch: Unterminated block comment in SQL batch"));
  // US14 T010g test_error_message_postgres_style: a lone statement's message starts with the error
  EXPECT_TRUE(Client().Run("SELECT * FROM nowhere").error().starts_with("ERROR: relation 'nowhere' does not exist"));
}

TEST_F(SqlEndpoint, IntegersAreExact) {
  EXPECT_EQ(Client().Run("SELECT 9007199254740993").cell(), "9007199254740993");
  EXPECT_EQ(Client().Run("SELECT sum(x) FROM (VALUES (9223372036854775807), (9223372036854775807)) v(x)").cell(),
            "18446744073709551614");
  const SqlAnswer text = Client().Send(R"({"sql":"SELECT 9007199254740993 AS n","int64_as_string":true})");
  EXPECT_TRUE(text.result()["rows"][0]["n"].is_string());
}

TEST_F(SqlEndpoint, ColumnsOfOneNameStayApart) {
  EXPECT_EQ(Client().Run("SELECT 1 AS n, 2 AS n").columns(), (std::vector<std::string>{"n", "n_1"}));
}

TEST_F(SqlEndpoint, BindsParameters) {
  const std::string ns = OwnNamespace();
  ASSERT_TRUE(Ok(Client().Run("CREATE TABLE " + ns + ".t (id BIGINT PRIMARY KEY, s TEXT, at TIMESTAMP)")));
  ASSERT_TRUE(Ok(Client().Run("INSERT INTO " + ns + ".t VALUES ($1, $2, $3)",
                              R"([7, "a'; --", "2025-01-02T03:04:05Z"])")));
  const SqlAnswer answer = Client().Run("SELECT s FROM " + ns + ".t WHERE id = $1 AND at > $2", R"([7, "2025-01-01"])");
  ASSERT_TRUE(Ok(answer));
  EXPECT_EQ(answer.cell(), "a'; --");
  EXPECT_TRUE(FailsWith(Client().Run("SELECT $1, $2", "[1]"), "PARAM_COUNT_MISMATCH", "parameter mismatch"));
  EXPECT_TRUE(FailsWith(Client().Run("SELECT $1", "[1, 2]"), "PARAM_COUNT_MISMATCH", "parameter mismatch"));
}

// US14 T004a test_v1_healthcheck_endpoint, US13 T437 test_health_endpoint
TEST_F(SqlEndpoint, HealthAndUnknownPaths) {
  HttpClient http(server().port());
  for (const char* path : {"/health", "/v1/api/healthcheck"}) {
    const HttpResponse health = http.Get(path);
    EXPECT_EQ(health.status, 200);
    const auto json = Json::Parse(health.body);
    ASSERT_TRUE(json);
    EXPECT_EQ((*json)["status"].text(), "healthy");
    EXPECT_EQ((*json)["api_version"].text(), "v1");
    EXPECT_TRUE((*json)["uptime_seconds"].is_number());
    EXPECT_TRUE((*json)["version"].is_string());
  }
  EXPECT_EQ(http.Get("/api/sql").status, 404);
  EXPECT_EQ(http.Get("/v1/api/sql").status, 405);
}

TEST_F(SqlEndpoint, HealthTellsWhoIsKnownHowBusyTheServerIs) {
  const auto metrics = [&](const HttpHeaders& headers) {
    HttpClient http(server().port());
    const HttpResponse health = http.Get("/health", headers);
    EXPECT_EQ(health.status, 200);
    return (*Json::Parse(health.body))["metrics"];
  };
  const Json before = metrics({});
  ASSERT_TRUE(before.exists());
  const std::int64_t connections = *before["active_connections"].integer();
  const std::int64_t subscriptions = *before["active_subscriptions"].integer();
  const std::string table = OwnNamespace() + ".t";
  ASSERT_TRUE(Ok(Client().Run("CREATE USER TABLE " + table + " (id BIGINT PRIMARY KEY)")));
  LiveClient live(server().port(), "maya");
  ASSERT_EQ(live.Subscribe("s", "SELECT * FROM " + table)["type"].text(), "subscription_ack");
  EXPECT_EQ(metrics({})["active_connections"].integer(), connections + 1);
  EXPECT_EQ(metrics({})["active_subscriptions"].integer(), subscriptions + 1);
  // A second must be over before its requests count.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (metrics({})["queries_per_second"].number() == 0 && std::chrono::steady_clock::now() < deadline) {
    ASSERT_TRUE(Ok(Client().Run("SELECT 1")));
  }
  EXPECT_GT(metrics({})["queries_per_second"].number(), 0);
  // By a proxy nobody is trusted: without credentials, or with wrong ones, it is health and nothing else.
  const std::pair<std::string, std::string> proxy = {"X-Forwarded-For", "203.0.113.9"};
  EXPECT_FALSE(metrics({proxy}).exists());
  EXPECT_FALSE(metrics({proxy, {"Authorization", "Bearer a.b.c"}}).exists());
  EXPECT_FALSE(metrics({proxy, {"Authorization", "Basic bWF5YTpub3BlMTIzNA=="}}).exists());
  EXPECT_TRUE(metrics({proxy, {"Authorization", "Bearer " + SignToken("maya")}}).exists());
}

TEST_F(SqlEndpoint, PipelinedRequestsAreAnsweredInOrder) {
  HttpClient http(server().port());
  std::string bytes;
  for (int i = 0; i < 50; ++i) {
    const std::string body = "{\"sql\":\"SELECT " + std::to_string(i) + " AS n\"}";
    bytes += "POST /v1/api/sql HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
             "\r\n\r\n" + body;
  }
  http.SendRaw(bytes);
  for (int i = 0; i < 50; ++i) {
    EXPECT_NE(http.ReadResponse().body.find("[{\"n\":" + std::to_string(i) + "}]"), std::string::npos);
  }
}

}  // namespace
}  // namespace kalam::test
