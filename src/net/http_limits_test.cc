#include "net/http_server.h"
#include "test_client.h"

#include <future>
#include <random>
#include <thread>
#include <vector>

namespace kalam::net {
namespace {

using namespace std::chrono_literals;
using testing::Echo;
using testing::Get;
using testing::Post;
using testing::RawClient;
using testing::TestServer;

void ExpectRefusal(RawClient& client, int status, std::string_view text) {
  const auto answer = client.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, status);
  EXPECT_NE(answer->body.find(text), std::string::npos) << answer->body;
  EXPECT_NE(answer->head.find("Content-Type: application/json"), std::string::npos);
  EXPECT_NE(answer->head.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(client.ReadEnd());
}

TEST(HttpLimitsTest, RefusesHeadersThatAreTooLarge) {
  TestServer server(Echo);
  RawClient client(server.port());
  ASSERT_TRUE(client.Send(Get("/", "X-Large: " + std::string(17 << 10, 'x') + "\r\n")));
  ExpectRefusal(client, 431, "16384 bytes (limits.max_header_size)");
}

TEST(HttpLimitsTest, RefusesALargeBodyAndLetsTheClientReadTheAnswer) {
  TestServer server(Echo);
  RawClient client(server.port());
  // As many clients do: everything is sent before anything is read.
  ASSERT_TRUE(client.Send(Post("/", std::string(32 << 20, 'b'))));
  ExpectRefusal(client, 413, "16777216 bytes (limits.max_body_size)");
}

TEST(HttpLimitsTest, RefusesALargeBodyThatComesInChunks) {
  TestServer server(Echo, {.max_body_bytes = 100'000});
  RawClient client(server.port());
  std::string text = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 100; ++i) text += "400\r\n" + std::string(0x400, 'c') + "\r\n";
  ASSERT_TRUE(client.Send(text));
  ExpectRefusal(client, 413, "100000 bytes (limits.max_body_size)");
}

TEST(HttpLimitsTest, DoesNotInviteABodyThatIsTooLarge) {
  TestServer server(Echo, {.max_body_bytes = 100});
  RawClient client(server.port());
  ASSERT_TRUE(
      client.Send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                  "Content-Length: 101\r\n\r\n"));
  ExpectRefusal(client, 413, "limits.max_body_size");
}

TEST(HttpLimitsTest, AsksTheOwnerForTheWordsOfARefusal) {
  TestServer server(Echo, {.refusal_body = [](int status, std::string_view message) {
                      return "<" + std::to_string(status) + " " + std::string(message) + ">";
                    }});
  RawClient client(server.port());
  ASSERT_TRUE(client.Send(Get("/", "X-User-Id: a\r\nX-USER-ID: b\r\n")));
  ExpectRefusal(client, 400, "<400 header 'x-user-id' occurs twice>");
}

TEST(HttpLimitsTest, RefusesMalformedRequestsAfterAnsweringGoodOnes) {
  TestServer server(Echo);
  RawClient client(server.port());
  ASSERT_TRUE(client.Send(Get("/good") + "nonsense\r\n\r\n" + Get("/never")));
  EXPECT_EQ(client.Read()->body, "GET /good ");
  ExpectRefusal(client, 400, "malformed HTTP request");
}

TEST(HttpLimitsTest, RefusesABodyThatWasCutOff) {
  TestServer server(Echo);
  RawClient client(server.port());
  ASSERT_TRUE(client.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf"));
  client.EndSending();
  ExpectRefusal(client, 400, "ended before it was complete");
}

TEST(HttpLimitsTest, RefusesHeadersThatTakeTooLong) {
  TestServer server(Echo, {.header_timeout = 60ms, .sweep_interval = 20ms});
  RawClient client(server.port());
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\n"));
  ExpectRefusal(client, 408, "60 ms (performance.header_timeout)");
}

TEST(HttpLimitsTest, RefusesABodyThatTakesTooLong) {
  TestServer server(Echo, {.body_timeout = 60ms, .sweep_interval = 20ms});
  RawClient client(server.port());
  ASSERT_TRUE(client.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf"));
  ExpectRefusal(client, 408, "60 ms (performance.body_timeout)");
}

TEST(HttpLimitsTest, ClosesIdleConnectionsWithoutAWord) {
  TestServer server(Echo, {.keepalive_timeout = 60ms, .sweep_interval = 20ms});
  RawClient silent(server.port());
  RawClient used(server.port());
  ASSERT_TRUE(used.Send(Get("/")));
  ASSERT_TRUE(used.Read());
  EXPECT_TRUE(silent.ReadEnd());
  EXPECT_TRUE(used.ReadEnd());
}

TEST(HttpLimitsTest, ServesAConnectionAgainAfterItsBuffersWereGivenBack) {
  TestServer server(Echo, {.sweep_interval = 5ms});
  RawClient client(server.port());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(client.Send(Post("/again", "x")));
    EXPECT_EQ(client.Read()->body, "POST /again x");
    std::this_thread::sleep_for(20ms);  // the sweeps of an idle connection have no event to wait on
  }
}

TEST(HttpLimitsTest, ClosesOnAClientThatDoesNotReadItsAnswer) {
  std::promise<void> asked;
  TestServer server(
      [&](const HttpExchangePtr& exchange) {
        exchange->Respond({.body = std::string(64 << 20, 'a')});
        asked.set_value();
      },
      {.write_timeout = 60ms, .sweep_interval = 20ms});
  RawClient client(server.port());
  ASSERT_TRUE(client.Send(Get("/")));
  asked.get_future().wait();
  while (server.server().connection_count() > 0) std::this_thread::yield();
  EXPECT_FALSE(client.Read());  // the answer is cut off
}

TEST(HttpLimitsTest, TurnsAwayConnectionsBeyondTheLimit) {
  TestServer server(Echo, {.max_connections = 2});
  RawClient first(server.port());
  {
    RawClient second(server.port());
    ASSERT_TRUE(first.Send(Get("/")) && second.Send(Get("/")));
    ASSERT_TRUE(first.Read() && second.Read());
    RawClient third(server.port());
    ExpectRefusal(third, 503, "limit of 2 connections (performance.max_connections)");
  }
  while (server.server().connection_count() > 1) std::this_thread::yield();
  RawClient again(server.port());
  ASSERT_TRUE(again.Send(Get("/")));
  EXPECT_EQ(again.Read()->status, 200);
}

TEST(HttpLimitsTest, StopsListeningToAClientThatIgnoresItsRefusal) {
  TestServer server(Echo, {.max_body_bytes = 100, .linger_time = 60ms, .sweep_interval = 20ms});
  RawClient patient(server.port());
  ASSERT_TRUE(patient.Send(Post("/", std::string(101, 'x'))));
  ASSERT_EQ(patient.Read()->status, 413);
  while (server.server().connection_count() > 0) std::this_thread::yield();

  TestServer bounded(Echo, {.max_body_bytes = 100, .max_linger_bytes = 1 << 20});
  RawClient flooding(bounded.port());
  const std::string piece(1 << 20, 'x');
  flooding.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n");
  bool taken = true;
  for (int i = 0; taken && i < 100; ++i) taken = flooding.Send(piece);
  EXPECT_FALSE(taken);
}

// Requests with bytes changed, pieces missing, and plain noise, by clients that close in all ways.
TEST(HttpLimitsTest, SurvivesAnyBytesFromThousandsOfConnections) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  TestServer server(Echo, {.sweep_interval = 10ms}, 2);
  const std::vector<std::string> seeds = {
      Get("/a?b=c", "Accept: */*\r\nConnection: keep-alive\r\n"), Post("/p", "0123456789"),
      Post("/e", "x", "Expect: 100-continue\r\n"),
      "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"};
  for (int i = 0; i < 4000; ++i) {
    std::string bytes;
    for (int n = 1 + static_cast<int>(random() % 3); n > 0; --n) bytes += seeds[random() % 4];
    for (int n = static_cast<int>(random() % 5); n > 0; --n) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (random() % 3 == 0) bytes.resize(random() % bytes.size());
    if (random() % 20 == 0) {
      for (char& c : bytes) c = static_cast<char>(random());
    }
    RawClient client(server.port());
    ASSERT_TRUE(client.connected());
    client.Send(bytes);
    switch (random() % 4) {
      case 0:
        client.Reset();
        break;
      case 1:
        client.EndSending();
        while (client.Read()) {
        }
        break;
      default:
        break;
    }
  }
  RawClient client(server.port());
  ASSERT_TRUE(client.Send(Get("/alive")));
  EXPECT_EQ(client.Read()->body, "GET /alive ");
  EXPECT_TRUE(server.server().Drain(20s));
}

}  // namespace
}  // namespace kalam::net
