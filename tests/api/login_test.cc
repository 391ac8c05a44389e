// Passwords, the login endpoint, HTTP Basic, API keys, limits, and what must never be said (specification 4, 0.4).

#include <chrono>

#include "support/http_client.h"
#include "support/server_test.h"

namespace kalam::test {
namespace {

constexpr const char* kPassword = "correct horse 9";

std::string Base64(std::string_view text) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    unsigned word = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      word = word << 8 | (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0);
    }
    for (std::size_t k = 0; k < 4; ++k) out += i + k <= text.size() ? kAlphabet[word >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

class Login : public OwnServerTest {
 protected:
  // Off localhost's bypass, as a request that comes through a proxy; `system` may still set things up.
  void Start(std::string config = {}) {
    server_ = &Make({.config = std::move(config)});
    server_->Start();
    ASSERT_TRUE(Ok(Admin("CREATE USER maya WITH PASSWORD '" + std::string(kPassword) + "'")));
    ASSERT_TRUE(Ok(
        Admin("CREATE USER boss ROLE dba WITH PASSWORD 'boss password'; CREATE NAMESPACE app; "
              "CREATE USER TABLE app.notes (id BIGINT PRIMARY KEY, who TEXT DEFAULT CURRENT_USER())")));
  }
  SqlAnswer Admin(std::string_view sql) { return SqlClient(server_->port()).Run(sql); }

  HttpResponse Post(const std::string& path, const std::string& body, HttpHeaders headers = {}) {
    headers.emplace_back("Content-Type", "application/json");
    headers.emplace_back("X-Forwarded-For", "203.0.113.7");
    HttpClient client(server_->port());
    return client.Request("POST", path, body, headers);
  }
  HttpResponse LogIn(const std::string& user, const std::string& password) {
    return Post("/v1/api/auth/login", "{\"user\":" + JsonQuote(user) + ",\"password\":" + JsonQuote(password) + "}");
  }
  HttpResponse Sql(const std::string& sql, HttpHeaders headers) {
    return Post("/v1/api/sql", "{\"sql\":" + JsonQuote(sql) + "}", std::move(headers));
  }
  std::string TokenOf(const std::string& user, const std::string& password) {
    const HttpResponse answer = LogIn(user, password);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return Json::Parse(answer.body).value_or(Json())["access_token"].text();
  }
  static HttpHeaders Bearer(const std::string& token) { return {{"Authorization", "Bearer " + token}}; }
  static HttpHeaders Basic(const std::string& user, const std::string& password) {
    return {{"Authorization", "Basic " + Base64(user + ":" + password)}};
  }

  ServerProcess* server_ = nullptr;
};

TEST_F(Login, ATokenActsAsItsUser) {
  Start();
  const HttpResponse answer = LogIn("maya", kPassword);
  ASSERT_EQ(answer.status, 200) << answer.body;
  const Json body = Json::Parse(answer.body).value();
  EXPECT_EQ(body["expires_in"].integer(), 3600);
  EXPECT_EQ(body["user"]["user_id"].text(), "maya");
  EXPECT_EQ(body["user"]["role"].text(), "user");
  const std::string token = body["access_token"].text();
  EXPECT_EQ(Sql("INSERT INTO app.notes (id) VALUES (1)", Bearer(token)).status, 200);
  EXPECT_NE(Sql("SELECT who FROM app.notes", Bearer(token)).body.find("\"maya\""), std::string::npos);
  // Somebody else's name beside the token needs more power.
  HttpHeaders as_other = Bearer(token);
  as_other.emplace_back("X-USER-ID", "noah");
  EXPECT_EQ(Sql("SELECT 1", as_other).status, 403);
}

TEST_F(Login, WrongCredentialsAreToldApartByNothing) {
  Start();
  const HttpResponse wrong = LogIn("maya", "wrong password");
  const HttpResponse nobody = LogIn("nobody", "wrong password");
  const HttpResponse no_password = LogIn("system", "wrong password");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.body, nobody.body);
  EXPECT_EQ(wrong.body, no_password.body);
  EXPECT_EQ(Post("/v1/api/auth/login", "{\"user\":\"maya\"}").status, 400);
  EXPECT_EQ(Post("/v1/api/auth/login", "nonsense").status, 400);
  EXPECT_EQ(HttpClient(server_->port()).Request("GET", "/v1/api/auth/login").status, 405);
}

TEST_F(Login, GuessersMustWait) {
  Start();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(LogIn("maya", "wrong password").status, 401);
  const HttpResponse refused = LogIn("maya", kPassword);
  EXPECT_EQ(refused.status, 429) << refused.body;
  EXPECT_TRUE(refused.Header("retry-after").has_value());
  EXPECT_EQ(LogIn("boss", "boss password").status, 200) << "others are not held up";
}

TEST_F(Login, BasicWorksEverywhereAndEndsWithThePassword) {
  Start();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Sql("SELECT 1", Basic("maya", kPassword)).status, 200);
  EXPECT_EQ(Sql("SELECT 1", Basic("maya", "wrong password")).status, 401);
  EXPECT_EQ(Sql("SELECT 1", {{"Authorization", "Basic !!!"}}).status, 401);
  ASSERT_TRUE(Ok(Admin("ALTER USER maya SET PASSWORD 'another password'")));
  EXPECT_EQ(Sql("SELECT 1", Basic("maya", kPassword)).status, 401) << "also what was right a moment ago";
  EXPECT_EQ(Sql("SELECT 1", Basic("maya", "another password")).status, 200);
}

TEST_F(Login, RoleChangesAndDeletionApplyToTokensAtOnce) {
  Start();
  const std::string boss = TokenOf("boss", "boss password");
  EXPECT_EQ(Sql("SELECT * FROM system.users", Bearer(boss)).status, 200);
  HttpHeaders as_maya = Bearer(boss);
  as_maya.emplace_back("X-USER-ID", "maya");
  EXPECT_EQ(Sql("INSERT INTO app.notes (id) VALUES (7)", as_maya).status, 200);
  EXPECT_NE(server_->OutputTail(20).find("user 'boss' acts for user 'maya'"), std::string::npos);
  ASSERT_TRUE(Ok(Admin("ALTER USER boss SET ROLE user")));
  EXPECT_EQ(Sql("SELECT * FROM system.users", Bearer(boss)).status, 403);
  ASSERT_TRUE(Ok(Admin("DROP USER boss")));
  EXPECT_EQ(Sql("SELECT 1", Bearer(boss)).status, 401);
  EXPECT_EQ(LogIn("boss", "boss password").status, 401);
  ASSERT_TRUE(Ok(Admin("UPDATE system.users SET deleted_at = NULL WHERE user_id = 'boss'")));
  EXPECT_EQ(Sql("SELECT 1", Bearer(boss)).status, 200);
}

TEST_F(Login, AnApiKeyBelongsToItsUser) {
  Start();
  const SqlAnswer made = Admin("CREATE API KEY FOR 'maya' NAME 'ci'");
  ASSERT_TRUE(Ok(made));
  const std::string key = made.rows()[0][3];
  const std::string id = made.rows()[0][0];
  EXPECT_EQ(Sql("INSERT INTO app.notes (id) VALUES (1)", {{"X-API-KEY", key}}).status, 200);
  EXPECT_NE(Sql("SELECT who FROM app.notes", {{"X-API-KEY", key}}).body.find("\"maya\""), std::string::npos);
  EXPECT_EQ(Sql("SELECT * FROM system.users", {{"X-API-KEY", key}}).status, 403);
  EXPECT_EQ(Sql("SELECT 1", {{"X-API-KEY", key + "x"}}).status, 401);
  EXPECT_EQ(Admin("SHOW API KEYS FOR 'maya'").rows()[0][2], "ci");
  ASSERT_TRUE(Ok(Admin("DROP API KEY '" + id + "'")));
  EXPECT_EQ(Sql("SELECT 1", {{"X-API-KEY", key}}).status, 401);
}

TEST_F(Login, QueriesPerSecondAreLimitedPerUser) {
  Start("[rate_limit]\nmax_queries_per_sec = 5\n");
  const std::string token = TokenOf("maya", kPassword);
  int refused = 0;
  for (int i = 0; i < 30; ++i) {
    const HttpResponse answer = Sql("SELECT 1", Bearer(token));
    if (answer.status == 200) continue;
    EXPECT_EQ(answer.status, 429);
    EXPECT_NE(answer.body.find("Too many queries per second. Please slow down."), std::string::npos);
    EXPECT_NE(answer.body.find("RATE_LIMIT_EXCEEDED"), std::string::npos);
    ++refused;
  }
  EXPECT_GT(refused, 0);
  EXPECT_EQ(Sql("SELECT 1", Bearer(TokenOf("boss", "boss password"))).status, 200);
}

// US10 T324 test_grace_period_cleanup, T325 test_user_tables_accessible_during_grace_period
TEST_F(Login, ADeletedUsersDataGoesAfterTheGracePeriod) {
  Start("[users]\nuser_deletion_grace_period_days = 1\npurge_interval_seconds = 1\n");
  const HttpHeaders maya = Bearer(TokenOf("maya", kPassword));
  ASSERT_EQ(Sql("INSERT INTO app.notes (id) VALUES (1)", maya).status, 200);
  ASSERT_TRUE(Ok(Admin("DROP USER maya")));
  EXPECT_EQ(Sql("SELECT count(*) FROM app.notes", maya).status, 401);
  HttpHeaders for_maya = Bearer(TokenOf("boss", "boss password"));
  for_maya.emplace_back("X-USER-ID", "maya");
  EXPECT_NE(Sql("SELECT count(*) FROM app.notes", for_maya).body.find(":1}"), std::string::npos);
  ASSERT_TRUE(Ok(Admin("UPDATE system.users SET deleted_at = NULL WHERE user_id = 'maya'")));
  EXPECT_NE(Sql("SELECT count(*) FROM app.notes", maya).body.find(":1}"), std::string::npos);

  server_->Stop();
  constexpr const char* kAtOnce = "[users]\nuser_deletion_grace_period_days = 0\npurge_interval_seconds = 1\n";
  ServerProcess& impatient = Make({.config = kAtOnce,
                                   .data_dir = server_->data_dir()});
  impatient.Start();
  server_ = &impatient;
  ASSERT_TRUE(Ok(Admin("DROP USER maya")));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  constexpr const char* kLeft = "SELECT count(*) FROM system.users WHERE user_id = 'maya' AND deleted_at IS NOT NULL";
  while (Admin(kLeft).cell() != "0") ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the user is still there";
  SqlClient again(server_->port(), "maya");
  EXPECT_EQ(again.Run("SELECT count(*) FROM app.notes").cell(), "0");
}

TEST_F(Login, NoSecretIsEverSaidAgain) {
  Start();
  const SqlAnswer made = Admin("CREATE API KEY FOR 'maya'");
  const std::string key = made.rows()[0][3];
  const std::string secrets[] = {kPassword, "boss password", key, "long secret 1", "long secret 2"};
  std::string said;
  said += Admin("CREATE USER eve PASSWORD 'long secret 1' ROLE nonsense").http.body;
  said += Admin("CREATE USER eve PASSWORD 'long secret 1' nonsense").http.body;
  said += Admin("ALTER USER nobody SET PASSWORD 'long secret 2'").http.body;
  said += LogIn("maya", "long secret 1").body;
  said += Sql("SELECT 1", Basic("maya", "long secret 2")).body;
  said += Sql("SELECT 1", {{"X-API-KEY", key + "x"}}).body;
  for (const char* table :
       {"users", "tables", "namespaces", "storages", "jobs", "live_queries", "stats", "table_schemas"}) {
    const SqlAnswer listed = Admin("SELECT * FROM system." + std::string(table));
    EXPECT_TRUE(Ok(listed));
    said += listed.http.body;
  }
  said += Admin("SHOW API KEYS").http.body;
  said += server_->OutputTail(10'000);
  for (const std::string& secret : secrets) EXPECT_EQ(said.find(secret), std::string::npos) << secret;
  EXPECT_EQ(said.find("argon2"), std::string::npos);
}

}  // namespace
}  // namespace kalam::test
