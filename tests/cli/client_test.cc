// kalam-link against a server that says exactly what a test wants.

#include "fake_server.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <kalam/kalam.h>

namespace kalam::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kOk = R"({"status":"success","results":[],"took_ms":0.5})";

Client Connect(const FakeServer& server) {
  auto client = Client::Builder().Host(server.url()).MaxRetries(0).Build();
  EXPECT_TRUE(client.ok());
  return *client;
}

Result<Response> AskFor(const std::string& answer) {
  const FakeServer server([&](const FakeRequest&) { return answer; });
  return Connect(server).Query("SELECT 1");
}

TEST(ClientTest, RowsKeepColumnOrderKindsAndEveryDigit) {
  const auto response = AskFor(HttpAnswerText(200, R"({
      "status": "success",
      "results": [{"rows": [
         {"name": "h\u00e9\"llo", "id": 9223372036854775807, "d": 1.7976931348623157e308 , "n": null,
          "b": true, "list": [1, {"x": 2}], "object": {"k": "v"}},
         {"id": -1}], "row_count": 2,
         "columns": ["id", "name", "d", "n", "b", "list", "object"], "cache_hit": true}],
      "took_ms": 3.412, "cache_hit": true})"));
  ASSERT_TRUE(response.ok()) << response.error().message;
  EXPECT_DOUBLE_EQ(response->took_ms, 3.412);
  EXPECT_EQ(response->cache_hit, true);
  const StatementResult& result = response->results.at(0);
  EXPECT_TRUE(result.has_rows);
  EXPECT_EQ(result.row_count, 2u);
  ASSERT_EQ(result.rows.size(), 2u);
  const Row row = result.rows[0];
  EXPECT_EQ(row["id"].text(), "9223372036854775807");
  EXPECT_EQ(row["id"].AsInt64(), 9223372036854775807);
  EXPECT_EQ(row["name"].text(), "h\u00e9\"llo");
  EXPECT_EQ(row["d"].text(), "1.7976931348623157e308");
  EXPECT_TRUE(row["n"].is_null());
  EXPECT_EQ(row["b"].AsBool(), true);
  EXPECT_EQ(row["list"].kind(), Cell::Kind::kJson);
  EXPECT_EQ(row["list"].text(), R"([1, {"x": 2}])");
  EXPECT_EQ(row["object"].text(), R"({"k": "v"})");
  EXPECT_EQ(result.rows[1]["id"].text(), "-1");
  EXPECT_TRUE(result.rows[1]["name"].is_null());
}

TEST(ClientTest, EmptyResultSetHasItsColumnsAndIsNotDml) {
  const auto response = AskFor(HttpAnswerText(
      200, R"({"status":"success","results":[{"rows":[],"row_count":0,"columns":["id","body"]},
               {"row_count":2,"columns":[],"message":"2 rows inserted."}],"took_ms":1})"));
  ASSERT_TRUE(response.ok());
  EXPECT_TRUE(response->results[0].has_rows);
  EXPECT_THAT(response->results[0].rows.columns(), testing::ElementsAre("id", "body"));
  EXPECT_FALSE(response->results[1].has_rows);
  EXPECT_EQ(response->results[1].message, "2 rows inserted.");
  EXPECT_EQ(response->results[1].row_count, 2u);
}

TEST(ClientTest, SqlErrorCarriesCodeDetailsAndTheResultsBeforeIt) {
  const auto response = AskFor(HttpAnswerText(400, R"({"status":"error",
      "results":[{"row_count":1,"columns":[],"message":"1 row inserted."}],"took_ms":1.2,
      "error":{"code":"SQL_EXECUTION_ERROR","message":"Statement 2 failed: ERROR: no","details":"x"}})"));
  ASSERT_FALSE(response.ok());
  const Error& error = response.error();
  EXPECT_EQ(error.kind, ErrorKind::kSql);
  EXPECT_EQ(error.code, "SQL_EXECUTION_ERROR");
  EXPECT_EQ(error.message, "Statement 2 failed: ERROR: no");
  EXPECT_EQ(error.details, "x");
  EXPECT_EQ(error.http_status, 400);
  ASSERT_EQ(error.completed.size(), 1u);
  EXPECT_EQ(error.completed[0].message, "1 row inserted.");
}

TEST(ClientTest, RefusedCredentialsAreAnAuthenticationError) {
  const auto response =
      AskFor(HttpAnswerText(401, R"({"error":"TOKEN_EXPIRED","message":"JWT token has expired"})"));
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().kind, ErrorKind::kAuthentication);
  EXPECT_EQ(response.error().code, "TOKEN_EXPIRED");
  EXPECT_EQ(response.error().message, "JWT token has expired");
}

TEST(ClientTest, DeniedStatementIsAnSqlErrorNotAnAuthenticationError) {
  const auto response = AskFor(HttpAnswerText(403, R"({"status":"error","results":[],"took_ms":1,
      "error":{"code":"PERMISSION_DENIED","message":"Permission denied: no"}})"));
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().kind, ErrorKind::kSql);
}

TEST(ClientTest, AnswersThatAreNotTheProtocolAreTypedErrors) {
  EXPECT_EQ(AskFor(HttpAnswerText(502, "<html>bad gateway</html>")).error().kind, ErrorKind::kHttp);
  EXPECT_EQ(AskFor(HttpAnswerText(200, "<html>hello</html>")).error().kind,
            ErrorKind::kSerialization);
  EXPECT_EQ(AskFor(HttpAnswerText(200, R"({"status":"succ)")).error().kind,
            ErrorKind::kSerialization);
  EXPECT_EQ(
      AskFor(HttpAnswerText(200, R"({"status":"success","results":[{"rows":[1]}]})")).error().kind,
      ErrorKind::kSerialization);
  EXPECT_EQ(AskFor("SSH-2.0-OpenSSH_9.2\r\n\r\n").error().kind, ErrorKind::kHttp);
  EXPECT_EQ(AskFor("").error().kind, ErrorKind::kConnection);
  EXPECT_EQ(
      AskFor("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nhalf").error().kind,
      ErrorKind::kConnection);
}

TEST(ClientTest, RequestCarriesIdentityTextAndParameters) {
  const FakeServer server([](const FakeRequest&) { return HttpAnswerText(200, kOk); });
  const auto client =
      Client::Builder().Host(server.url()).User("maya").Auth(Auth::Jwt("aa.bb.cc")).Build();
  ASSERT_TRUE(client.ok());
  ASSERT_TRUE(
      client->Query("SELECT \"a\"\n\x01\xff'", {nullptr, true, INT64_MIN, 0.1, "x\"y"}).ok());
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].start_line, "POST /v1/api/sql HTTP/1.1");
  auto headers = requests[0].headers;
  EXPECT_EQ(headers["x-user-id"], "maya");
  EXPECT_EQ(headers["authorization"], "Bearer aa.bb.cc");
  EXPECT_EQ(headers["content-type"], "application/json");
  EXPECT_EQ(headers["host"], "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_FALSE(headers.contains("x-tenant-id"));
  EXPECT_EQ(requests[0].body,
            "{\"sql\":\"SELECT \\\"a\\\"\\n\\u0001\xEF\xBF\xBD'\","
            "\"params\":[null,true,-9223372036854775808,0.1,\"x\\\"y\"]}");
}

TEST(ClientTest, ApiKeyGoesIntoItsOwnHeader) {
  const FakeServer server([](const FakeRequest&) { return HttpAnswerText(200, kOk); });
  const auto client = Client::Builder().Host(server.url()).Auth(Auth::ApiKey("k")).Build();
  ASSERT_TRUE(client->Query("SELECT 1").ok());
  EXPECT_EQ(server.requests()[0].headers["x-api-key"], "k");
  EXPECT_FALSE(server.requests()[0].headers.contains("authorization"));
}

TEST(ClientTest, ConnectionIsReused) {
  const FakeServer server([](const FakeRequest&) { return HttpAnswerText(200, kOk); });
  const Client client = Connect(server);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(client.Query("SELECT 1").ok());
  EXPECT_EQ(server.connections(), 1);
}

TEST(ClientTest, ConnectionThatTheServerClosedIsNotReused) {
  const FakeServer server([](const FakeRequest&) { return HttpAnswerText(200, kOk, true); });
  const Client client = Connect(server);
  for (int i = 0; i < 3; ++i) {
    const auto response = client.Query("SELECT 1");
    ASSERT_TRUE(response.ok()) << response.error().message;
  }
  EXPECT_EQ(server.connections(), 3);
}

TEST(ClientTest, RequestThatMayHaveRunIsNeverSentTwice) {
  const FakeServer server([](const FakeRequest&) { return std::string(); });
  const auto client = Client::Builder().Host(server.url()).MaxRetries(3).Build();
  EXPECT_EQ(client->Query("INSERT INTO t VALUES (1)").error().kind, ErrorKind::kConnection);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST(ClientTest, SilentServerIsATimeout) {
  const FakeServer server([](const FakeRequest&) { return FakeServer::kSilent; });
  const auto client =
      Client::Builder().Host(server.url()).Timeout(std::chrono::milliseconds(50)).Build();
  const auto response = client->Query("SELECT 1");
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().kind, ErrorKind::kTimeout);
  EXPECT_THAT(response.error().message, HasSubstr("50 ms"));
}

TEST(ClientTest, RefusedConnectionIsRetriedWithGrowingPauses) {
  const auto client =
      Client::Builder().Host("127.0.0.1:" + std::to_string(UnusedPort())).MaxRetries(2).Build();
  const auto started = std::chrono::steady_clock::now();
  const auto response = client->Query("SELECT 1");
  EXPECT_EQ(response.error().kind, ErrorKind::kConnection);
  EXPECT_THAT(response.error().message, HasSubstr(client->url()));
  EXPECT_GE(std::chrono::steady_clock::now() - started, std::chrono::milliseconds(300));
}

TEST(ClientTest, HealthOfAServerThatShutsDownIsAValue) {
  const FakeServer server([](const FakeRequest& request) {
    EXPECT_EQ(request.start_line, "GET /v1/api/healthcheck HTTP/1.1");
    return HttpAnswerText(503, R"({"status":"unhealthy","version":"0.1.0","uptime_seconds":7})");
  });
  const auto health = Connect(server).Health();
  ASSERT_TRUE(health.ok());
  EXPECT_EQ(health->status, "unhealthy");
  EXPECT_FALSE(health->healthy());
  EXPECT_EQ(health->uptime_seconds, 7u);
}

TEST(ClientTest, ManyThreadsMayShareAClient) {
  const FakeServer server([](const FakeRequest& request) {
    return HttpAnswerText(200, kOk, request.body.size() > 99);
  });
  const Client client = Connect(server);
  std::atomic<int> succeeded{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    // The fake serves one connection at a time, so each must be closed for the next one's sake.
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) succeeded += client.Query(std::string(100, ' ')).ok();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(succeeded, 80);
}

// What a subscription fails with at a server that gives this answer to the upgrade.
Error SubscriptionRefusal(const std::string& answer, int* attempts = nullptr) {
  const FakeServer server([&](const FakeRequest&) { return answer; });
  const auto client = Client::Builder().Host(server.url()).MaxRetries(1).Build();
  SubscribeOptions options;
  options.first_pause = options.max_pause = std::chrono::milliseconds(1);
  const auto live = client->Subscribe("SELECT * FROM app.notes", options);
  EXPECT_FALSE(live.ok());
  if (attempts != nullptr) *attempts = server.connections();
  return live ? Error() : live.error();
}

TEST(ClientTest, AFailedUpgradeIsAWebSocketErrorWithItsStatus) {
  int attempts = 0;
  const Error missing = SubscriptionRefusal(HttpAnswerText(404, "no such page", true), &attempts);
  EXPECT_EQ(missing.kind, ErrorKind::kWebSocket);
  EXPECT_EQ(missing.http_status, 404);
  EXPECT_EQ(attempts, 1) << "the same request gets the same answer";
  const Error busy = SubscriptionRefusal(HttpAnswerText(503, "", true), &attempts);
  EXPECT_EQ(busy.kind, ErrorKind::kWebSocket);
  EXPECT_EQ(busy.http_status, 503);
  EXPECT_EQ(attempts, 2) << "that may pass";
  // No upgrade at all: an HTTP server that takes no notice, one that says goodbye, one of another kind.
  for (const std::string& answer :
       {HttpAnswerText(200, "hello", true), std::string(), std::string("SSH-2.0\r\n\r\n")}) {
    EXPECT_EQ(SubscriptionRefusal(answer).kind, ErrorKind::kWebSocket) << answer;
  }
  EXPECT_STREQ(ToString(ErrorKind::kWebSocket), "websocket");

  EXPECT_EQ(SubscriptionRefusal(HttpAnswerText(401, "", true)).kind, ErrorKind::kAuthentication);
  const auto nobody =
      Client::Builder().Host("127.0.0.1:" + std::to_string(UnusedPort())).MaxRetries(0).Build();
  EXPECT_EQ(nobody->Subscribe("SELECT * FROM app.notes").error().kind, ErrorKind::kConnection);
}

TEST(ClientTest, BuilderRefusesWhatCannotWork) {
  const auto kind = [](const Client::Builder& builder) {
    const auto client = builder.Build();
    return client.ok() ? "ok" : ToString(client.error().kind);
  };
  for (const char* host : {"", "http://", "ftp://h", "https://h", "h:0", "h:99999", "h:x", "a b",
                           "http://u:p@h", "[::1", "h/?q"}) {
    EXPECT_STREQ(kind(Client::Builder().Host(host)), "invalid url") << host;
  }
  EXPECT_STREQ(kind(Client::Builder().Auth(Auth::Jwt("no-token"))), "invalid token");
  EXPECT_STREQ(kind(Client::Builder().User("a\r\nX-USER-ID: b")), "invalid request");
  EXPECT_STREQ(kind(Client::Builder().Timeout(std::chrono::milliseconds(0))), "invalid request");
}

TEST(ClientTest, AddressesInAllTheirForms) {
  const auto url = [](const char* host) { return Client::Builder().Host(host).Build()->url(); };
  EXPECT_EQ(url("localhost"), "http://localhost:8080");
  EXPECT_EQ(url("db.example:9000"), "http://db.example:9000");
  EXPECT_EQ(url("http://db.example"), "http://db.example:80");
  EXPECT_EQ(url("HTTP://db:1/"), "http://db:1");
  EXPECT_EQ(url("http://proxy:1/kalam/"), "http://proxy:1/kalam");
  EXPECT_EQ(url("[::1]:7"), "http://[::1]:7");
}

TEST(ParamTest, TimestampsAreIso8601InUtc) {
  using namespace std::chrono;
  const system_clock::time_point time{microseconds(1'700'000'000'123'456)};
  EXPECT_EQ(Param(time).json(), "\"2023-11-14T22:13:20.123456Z\"");
  EXPECT_EQ(Param(system_clock::time_point(microseconds(-1))).json(),
            "\"1969-12-31T23:59:59.999999Z\"");
}

// A lost answer is asked for again only where that cannot do the work twice.
TEST(ClientTest, ALostAnswerIsAskedForAgainOnlyWhereThatIsSafe) {
  const auto requests_with = [](const QueryOptions& options) {
    std::atomic<int> answered = 0;
    const FakeServer server(
        [&](const FakeRequest&) { return ++answered < 3 ? std::string() : HttpAnswerText(200, kOk); });
    const auto client = Client::Builder().Host(server.url()).MaxRetries(2).Build();
    const bool ok = client->Query("INSERT INTO t VALUES (1)", {}, options).ok();
    return (ok ? "ok after " : "failed after ") + std::to_string(server.requests().size());
  };
  EXPECT_EQ(requests_with({}), "failed after 1");
  EXPECT_EQ(requests_with({.request_id = "b7c1"}), "ok after 3");
  EXPECT_EQ(requests_with({.read_only = true}), "ok after 3");
}

TEST(ClientTest, ARequestIdTravelsWithTheRequest) {
  const FakeServer server([](const FakeRequest&) { return HttpAnswerText(200, kOk); });
  ASSERT_TRUE(Connect(server).Query("SELECT $1", {Param(7)}, {.request_id = "a\"b"}).ok());
  EXPECT_EQ(server.requests().front().body, R"({"sql":"SELECT $1","params":[7],"request_id":"a\"b"})");
}

// Why Query sends nothing, or "" when it sends the statement.
std::string Refusal(std::string_view sql, const std::vector<Param>& params) {
  const FakeServer server([](const FakeRequest&) { return HttpAnswerText(200, kOk); });
  const auto answer = Connect(server).Query(sql, params);
  if (answer.ok()) return "";
  EXPECT_EQ(answer.error().kind, ErrorKind::kInvalidRequest) << sql;
  EXPECT_EQ(answer.error().code, "PARAM_COUNT_MISMATCH") << sql;
  EXPECT_EQ(server.connections(), 0) << "nothing goes over the wire: " << sql;
  return answer.error().message;
}

TEST(ClientTest, PlaceholdersAndParametersThatDoNotFitAreNotSent) {
  EXPECT_EQ(Refusal("SELECT $1, $2", {1}),
            "parameter mismatch: statement uses $2, request has 1 parameter(s)");
  EXPECT_EQ(Refusal("SELECT $1", {}), "parameter mismatch: statement uses $1, request has 0 parameter(s)");
  EXPECT_EQ(Refusal("SELECT $1", {1, 2}),
            "parameter mismatch: statement has 1 parameter(s), request has 2");
  EXPECT_EQ(Refusal("SELECT 1", {1}), "parameter mismatch: statement has 0 parameter(s), request has 1");
  EXPECT_EQ(Refusal("SELECT $1, $3", {1, 2, 3}), "parameter mismatch: $2 is not used, but a higher number is");
  EXPECT_EQ(Refusal("SELECT $0", {1}), "parameter mismatch: parameters are $1, $2, ...; not $0");
  EXPECT_EQ(Refusal("SELECT $99999999999999999999", {1}),
            "parameter mismatch: statement uses $99999999999999999999, request has 1 parameter(s)");
  EXPECT_EQ(Refusal("SELECT ?, ?", {1}), "parameter mismatch: statement uses $2, request has 1 parameter(s)");

  EXPECT_EQ(Refusal("SELECT $2 + $1 + $2", {1, 2}), "");
  EXPECT_EQ(Refusal("SELECT ?, ?;", {1, 2}), "");
  EXPECT_EQ(Refusal("; SELECT $1 ; ; -- $2", {1}), "");
}

TEST(ClientTest, WhatOnlyLooksLikeAPlaceholderIsNone) {
  for (const char* text : {"'$2'", "'it''s $2'", "E'\\'$2'", "$$ $2 $$", "$tag$ $$ $2 $tag$", "\"$2\"", "`$2`", "a$2",
                           "-- $2\n", "/* $2 /* $3 */ $4 */", "'?'", "-- ?\n"}) {
    EXPECT_EQ(Refusal("SELECT $1, " + std::string(text) + " x", {1}), "") << text;
    EXPECT_EQ(Refusal("SELECT " + std::string(text) + " x", {}), "") << text;
    EXPECT_EQ(Refusal("SELECT " + std::string(text) + ", $2", {1}),
              "parameter mismatch: statement uses $2, request has 1 parameter(s)")
        << text;
  }
}

TEST(ClientTest, WhatOnlyTheServerCanJudgeIsSent) {
  for (const char* sql : {"SELECT $1; SELECT $2", "SELECT $name", "SELECT $2, ?", "SELECT '$2", "SELECT /* $2", "",
                          " -- $1"}) {
    EXPECT_EQ(Refusal(sql, {1}), "") << sql;
    EXPECT_EQ(Refusal(sql, {1, 2, 3}), "") << sql;
  }
}

TEST(ClientTest, ABatchSaysWhichStatementFailed) {
  const FakeServer server([](const FakeRequest& request) {
    return request.body.find("bad") == std::string::npos
               ? HttpAnswerText(200, kOk)
               : HttpAnswerText(400, R"({"status":"error","error":{"code":"X","message":"no"}})");
  });
  EXPECT_EQ(Connect(server).Batch({"a", "b"})->size(), 2u);
  const auto answers = Connect(server).Batch({"a", "bad", "c"});
  ASSERT_FALSE(answers.ok());
  EXPECT_EQ(answers.error().failed_index, 1u);
  EXPECT_EQ(server.requests().size(), 4u);
}

TEST(ClientTest, ACancelledCallReturnsAtOnceAndItsConnectionIsNotUsedAgain) {
  std::atomic<bool> asked = false;
  const FakeServer server([&](const FakeRequest& request) {
    if (request.body.find("slow") == std::string::npos) return HttpAnswerText(200, kOk);
    asked = true;
    return FakeServer::kSilent;
  });
  const Client client = Connect(server);
  const Cancellation cancellation;
  std::thread canceller([&] {
    while (!asked) std::this_thread::yield();
    cancellation.Cancel();
  });
  const auto answer = client.Query("slow", {}, {.cancellation = cancellation});
  canceller.join();
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(client.Query("b", {}, {.cancellation = cancellation}).error().kind, ErrorKind::kCancelled);
  EXPECT_TRUE(client.Query("c").ok());
  EXPECT_EQ(server.connections(), 2);
}

}  // namespace
}  // namespace kalam::test
