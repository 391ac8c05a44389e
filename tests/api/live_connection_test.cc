// Connections of /v1/ws: who they are, how they end, what they may ask for, and what a slow one costs.

#include "live_client.h"
#include "support/server_test.h"

namespace kalam::test {
namespace {

using std::chrono::milliseconds;

class LiveConnection : public OwnServerTest {
 protected:
  ServerProcess& Started(std::map<std::string, std::string> env = {}) {
    ServerProcess& server = Make({.env = std::move(env)});
    server.Start();
    port_ = server.port();
    // The user `system` has no token; a dba does as well.
    SqlClient sql(port_);
    if (server.options().env.contains("KALAMDB_SERVER_TEST_API_KEY")) {
      sql.set_headers({{"X-API-KEY", server.options().env.at("KALAMDB_SERVER_TEST_API_KEY")}});
    }
    EXPECT_TRUE(
        Ok(sql.Run("CREATE NAMESPACE app; CREATE USER TABLE app.notes (id BIGINT PRIMARY KEY, body TEXT)")));
    return server;
  }
  // Subscribes and writes a row: whose partition is it?
  void ExpectIs(LiveClient& client, const std::string& user) {
    static int next = 0;
    const std::string id = std::to_string(++next);
    EXPECT_EQ(client.Subscribe("who" + id, "SELECT id FROM app.notes")["type"].text(), "subscription_ack");
    EXPECT_TRUE(Ok(SqlClient(port_, user).Run("INSERT INTO app.notes (id) VALUES (" + id + ")")));
    EXPECT_EQ(client.Next("who" + id)["rows"][0]["id"].text(), id);
  }
  int RefusedWith(const HttpHeaders& headers, std::string_view path, std::string* body = nullptr) {
    try {
      WebSocketClient client(port_, path, headers);
    } catch (const WebSocketRefused& refused) {
      if (body) *body = refused.response.body;
      return refused.response.status;
    }
    return 101;
  }

  std::uint16_t port_ = 0;
};

TEST_F(LiveConnection, WhoItIs) {
  Started();
  const std::string token = SignToken("noah");
  LiveClient bypass(port_, std::string());
  ExpectIs(bypass, "system");
  LiveClient named(port_, "maya");
  ExpectIs(named, "maya");
  LiveClient bearer(port_, HttpHeaders{{"Authorization", "Bearer " + token}});
  ExpectIs(bearer, "noah");
  LiveClient parameter(port_, HttpHeaders{}, {}, "/v1/ws?x=1&token=" + token);
  ExpectIs(parameter, "noah");
  LiveClient message(port_, std::string());
  message.Send(R"({"type":"authenticate","token":")" + token + "\"}");
  const Json answer = message.Receive();
  EXPECT_EQ(answer.Dump(), R"({"type":"authenticated","user_id":"noah"})");
  ExpectIs(message, "noah");

  const std::string expired = SignToken("noah", {.expires_in_seconds = -600});
  std::string body;
  EXPECT_EQ(RefusedWith({{"Authorization", "Bearer " + expired}}, "/v1/ws", &body), 401);
  EXPECT_NE(body.find("TOKEN_EXPIRED"), std::string::npos) << body;
  EXPECT_EQ(RefusedWith({}, "/v1/ws?token=nonsense"), 401);
  EXPECT_EQ(RefusedWith({{"X-API-KEY", "guess"}}, "/v1/ws"), 401);
  // Another site's page, in the browser of somebody on this machine.
  EXPECT_EQ(RefusedWith({{"Origin", "https://evil.example"}}, "/v1/ws"), 403);
  EXPECT_EQ(RefusedWith({{"Origin", "https://evil.example"}, {"Authorization", "Bearer " + token}}, "/v1/ws"), 403);
  EXPECT_EQ(RefusedWith({{"Origin", "http://localhost:3000"}}, "/v1/ws"), 101);
}

TEST_F(LiveConnection, WithoutIdentityThereIsTheFirstMessage) {
  Started({{"KALAMDB_AUTH_LOCALHOST_BYPASS", "false"}, {"KALAMDB_SERVER_TEST_API_KEY", "a-key-for-tests"}});
  LiveClient silent(port_, std::string());
  LiveClient client(port_, std::string());
  EXPECT_EQ(client.Subscribe("s", "SELECT * FROM app.notes")["code"].text(), "UNAUTHORIZED");
  client.Send(R"({"type":"authenticate","token":")" + SignToken("maya") + "\"}");
  EXPECT_EQ(client.Receive()["type"].text(), "authenticated");
  EXPECT_EQ(client.Subscribe("s", "SELECT * FROM app.notes")["type"].text(), "subscription_ack");
  client.Send(R"({"type":"authenticate","token":")" + SignToken("noah") + "\"}");
  EXPECT_EQ(client.Next("connection")["type"].text(), "error") << "an identity does not change";

  LiveClient wrong(port_, std::string());
  wrong.Send(R"({"type":"authenticate","token":"nonsense"})");
  EXPECT_EQ(wrong.Next("connection")["code"].text(), "UNAUTHORIZED");
  EXPECT_EQ(wrong.socket().AwaitClose(), 4401);
  EXPECT_EQ(silent.socket().AwaitClose(milliseconds(8000)), 4401);
}

TEST_F(LiveConnection, WhoIsNoLongerWhoTheyWereIsDisconnected) {
  Started();
  ASSERT_TRUE(Ok(SqlClient(port_).Run("CREATE USER eve; CREATE USER sven ROLE service; CREATE USER noor")));
  const auto connect = [&](const char* user, std::int64_t expires_in_seconds = 3600) {
    const std::string token = SignToken(user, {.expires_in_seconds = expires_in_seconds});
    auto client = std::make_unique<LiveClient>(port_, HttpHeaders{{"Authorization", "Bearer " + token}});
    EXPECT_EQ(client->Subscribe("s", "SELECT * FROM app.notes")["type"].text(), "subscription_ack");
    return client;
  };
  const auto deleted = connect("eve"), demoted = connect("sven"), unchanged = connect("noor");
  const auto expiring = connect("noor", -55);  // a minute's difference between clocks is tolerated
  ASSERT_TRUE(Ok(SqlClient(port_).Run("DROP USER eve; ALTER USER sven SET ROLE user")));
  constexpr milliseconds kWithin{60'000};
  for (LiveClient* client : {deleted.get(), demoted.get(), expiring.get()}) {
    EXPECT_EQ(client->socket().AwaitClose(kWithin), 4401);
  }
  ASSERT_TRUE(Ok(SqlClient(port_, "noor").Run("INSERT INTO app.notes (id) VALUES (1)")));
  EXPECT_EQ(unchanged->Next("s")["change_type"].text(), "insert");
}

TEST_F(LiveConnection, SubscriptionsAreLimited) {
  Started({{"KALAMDB_RATE_LIMIT_MAX_SUBSCRIPTIONS_PER_USER", "5"},
           {"KALAMDB_RATE_LIMIT_MAX_SUBSCRIPTIONS_PER_CONNECTION", "3"},
           {"KALAMDB_RATE_LIMIT_MAX_MESSAGES_PER_SEC", "50"}});
  LiveClient first(port_, "maya"), second(port_, "maya"), other(port_, "noah");
  const auto subscribe = [](LiveClient& client, const std::string& id) {
    return client.Subscribe(id, "SELECT * FROM app.notes");
  };
  for (const char* id : {"1", "2", "3"}) EXPECT_EQ(subscribe(first, id)["type"].text(), "subscription_ack");
  EXPECT_EQ(subscribe(first, "4")["code"].text(), "SUBSCRIPTION_LIMIT_EXCEEDED");
  for (const char* id : {"1", "2"}) EXPECT_EQ(subscribe(second, id)["type"].text(), "subscription_ack");
  const Json refused = subscribe(second, "3");
  EXPECT_EQ(refused["code"].text(), "SUBSCRIPTION_LIMIT_EXCEEDED");
  EXPECT_EQ(refused["message"].text(), "Maximum number of subscriptions reached for this user.");
  EXPECT_EQ(subscribe(other, "1")["type"].text(), "subscription_ack");
  first.Send(R"({"type":"unsubscribe","query_id":"1"})");
  EXPECT_EQ(first.Next("1")["type"].text(), "unsubscribed");
  EXPECT_EQ(subscribe(second, "3")["type"].text(), "subscription_ack");

  for (int i = 0; i < 60; ++i) other.Send(R"({"type":"ping"})");
  EXPECT_EQ(other.Next("rate_limit")["code"].text(), "RATE_LIMIT_EXCEEDED");
}

// A reader that stops costs a bounded queue and its own subscription; it is told where it stands and goes on there.
TEST_F(LiveConnection, ASlowConsumerIsToldAndOthersDontNotice) {
  ServerProcess& server = Started({{"KALAMDB_LIMITS_MAX_CONNECTION_QUEUE_BYTES", "1048576"}});
  LiveClient slow(port_, std::string("maya"), {.receive_buffer_bytes = 4096});
  LiveClient fast(port_, "maya");
  EXPECT_EQ(slow.Subscribe("s", "SELECT * FROM app.notes")["type"].text(), "subscription_ack");
  EXPECT_EQ(fast.Subscribe("s", "SELECT id FROM app.notes")["type"].text(), "subscription_ack");
  slow.socket().StopReading();
  SqlClient sql(port_, "maya");
  const std::string body(8192, 'x');
  const std::uint64_t before = server.ResidentBytes();
  constexpr int kRows = 2000;
  for (int i = 0; i < kRows; ++i) {
    ASSERT_TRUE(Ok(sql.Run("INSERT INTO app.notes VALUES (" + std::to_string(i) + ", '" + body + "')")));
  }
  for (int i = 0; i < kRows; ++i) ASSERT_EQ(fast.Next("s")["rows"][0]["id"].integer(), i);
  EXPECT_EQ(sql.Run("SELECT count(*) FROM system.live_queries").cell(), "1");
  EXPECT_LT(server.ResidentBytes(), before + (std::uint64_t{150} << 20));

  slow.socket().ResumeReading();
  std::int64_t next = 0;
  std::string seq;
  while (true) {
    const Json message = slow.Next("s");
    if (message["type"].text() == "error") {
      EXPECT_EQ(message["code"].text(), "SLOW_CONSUMER");
      EXPECT_EQ(message["seq"].text(), seq) << "the last one delivered";
      break;
    }
    ASSERT_EQ(message["rows"][0]["id"].integer(), next++);
    seq = message["seq"].text();
  }
  EXPECT_LT(next, kRows);
  EXPECT_EQ(slow.Subscribe("s", "SELECT id FROM app.notes", "{\"from_seq\":" + seq + "}")["type"].text(),
            "subscription_ack");
  while (next < kRows) ASSERT_EQ(slow.Next("s")["rows"][0]["id"].integer(), next++);
}

// A resume that is larger than the queue waits for its reader instead of ending.
TEST_F(LiveConnection, CatchingUpWaitsForItsReader) {
  Started({{"KALAMDB_LIMITS_MAX_CONNECTION_QUEUE_BYTES", "262144"}});
  LiveClient client(port_, std::string("maya"), {.receive_buffer_bytes = 4096});
  const std::string seq = client.Subscribe("a", "SELECT * FROM app.notes")["seq"].text();
  client.Send(R"({"type":"unsubscribe","id":"a"})");
  client.Next("a");
  SqlClient sql(port_, "maya");
  const std::string body(1000, 'x');
  constexpr int kRows = 5000;
  for (int i = 0; i < kRows; i += 100) {
    std::string values;
    for (int j = i; j < i + 100; ++j) {
      values += (values.empty() ? "(" : ", (") + std::to_string(j) + ", '" + body + "')";
    }
    ASSERT_TRUE(Ok(sql.Run("INSERT INTO app.notes VALUES " + values)));
  }
  client.SendSubscribe("s", "SELECT * FROM app.notes", "{\"from_seq\":" + seq + "}");
  client.SendSubscribe("all", "SELECT * FROM app.notes", R"({"snapshot":true})");
  EXPECT_EQ(client.Next("s")["type"].text(), "subscription_ack");
  for (int i = 0; i < kRows; ++i) ASSERT_EQ(client.Next("s")["rows"][0]["id"].integer(), i);
  EXPECT_EQ(client.Next("all")["type"].text(), "subscription_ack");
  std::size_t rows = 0;
  while (true) {
    const Json piece = client.Next("all");
    ASSERT_EQ(piece["type"].text(), "initial_data") << piece.Dump().substr(0, 300);
    rows += piece["rows"].size();
    if (piece["more"].text() != "true") break;
  }
  EXPECT_EQ(rows, std::size_t{kRows});
}

TEST_F(LiveConnection, AResumeSurvivesAKilledServer) {
  ServerProcess& server = Started();
  std::string seq;
  {
    LiveClient client(port_, "maya");
    client.Subscribe("s", "SELECT id FROM app.notes");
    EXPECT_TRUE(Ok(SqlClient(port_, "maya").Run("INSERT INTO app.notes (id) VALUES (1)")));
    seq = client.Next("s")["seq"].text();
    EXPECT_TRUE(Ok(SqlClient(port_, "maya").Run("DELETE FROM app.notes WHERE id = 1")));
  }
  server.Kill();
  server.Start();
  port_ = server.port();
  EXPECT_TRUE(Ok(SqlClient(port_, "maya").Run("INSERT INTO app.notes (id) VALUES (2)")));
  LiveClient client(port_, "maya");
  client.Subscribe("s", "SELECT id FROM app.notes", "{\"from_seq\":" + seq + "}");
  EXPECT_EQ(client.Next("s")["change_type"].text(), "delete");
  EXPECT_EQ(client.Next("s")["change_type"].text(), "insert");
}

// Subscriptions that come and go leave nothing behind.
TEST_F(LiveConnection, NothingIsLeftBehind) {
  ServerProcess& server = Started({{"KALAMDB_RATE_LIMIT_MAX_SUBSCRIPTIONS_PER_USER", "10000"}});
  SqlClient sql(port_, "maya");
  const auto churn = [&](int rounds) {
    for (int round = 0; round < rounds; ++round) {
      LiveClient client(port_, "maya");
      for (int i = 0; i < 40; ++i) {
        client.SendSubscribe("s" + std::to_string(i),
                             "SELECT id FROM app.notes WHERE body = 'b" + std::to_string(i) + "' AND id > 0");
      }
      for (int i = 0; i < 40; ++i) client.Next("s" + std::to_string(i));
      EXPECT_TRUE(Ok(sql.Run("INSERT INTO app.notes VALUES (1, 'b7')")));
      EXPECT_EQ(client.Next("s7")["change_type"].text(), "insert");
      EXPECT_TRUE(Ok(sql.Run("DELETE FROM app.notes")));
      if (round % 2 == 0) client.socket().Reset();
    }
  };
  churn(30);
  const std::uint64_t before = server.ResidentBytes();
  churn(90);
  EXPECT_LT(server.ResidentBytes(), before + (std::uint64_t{8} << 20));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (sql.Run("SELECT count(*) FROM system.live_queries").cell() != "0") {
    ASSERT_LT(std::chrono::steady_clock::now(), until);
  }
}

}  // namespace
}  // namespace kalam::test
