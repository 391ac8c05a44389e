#include "net/http_server.h"

#include "port_owner.h"
#include "test_client.h"

#include <algorithm>
#include <future>
#include <random>
#include <stdexcept>
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

TEST(HttpServerTest, AnswersRequestAfterRequestOnOneConnection) {
  TestServer server(Echo);
  RawClient client(server.port());
  for (int i = 0; i < 10; ++i) {
    const std::string body = "body " + std::to_string(i);
    ASSERT_TRUE(client.Send(Post("/echo?x", body)));
    const auto answer = client.Read();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "POST /echo?x " + body);
    EXPECT_NE(answer->head.find("\r\nContent-Type: text/plain\r\n"), std::string::npos);
    EXPECT_EQ(answer->head.find("Connection:"), std::string::npos);
  }
  EXPECT_EQ(server.server().connection_count(), 1u);
}

TEST(HttpServerTest, AnswersAHundredPipelinedRequestsInOrder) {
  TestServer server(Echo);
  RawClient client(server.port());
  std::string all;
  for (int i = 0; i < 100; ++i) all += Post("/" + std::to_string(i), std::string(i, 'b'));
  ASSERT_TRUE(client.Send(all));
  for (int i = 0; i < 100; ++i) {
    const auto answer = client.Read();
    ASSERT_TRUE(answer) << i;
    EXPECT_EQ(answer->body, "POST /" + std::to_string(i) + " " + std::string(i, 'b'));
  }
}

TEST(HttpServerTest, RunsPipelinedRequestsOneAtATime) {
  std::atomic<int> running{0};
  std::atomic<bool> overlapped{false};
  std::vector<std::thread> workers;
  TestServer server([&](HttpExchangePtr exchange) {
    if (running.fetch_add(1) > 0) overlapped = true;
    workers.emplace_back([&, exchange] {
      running.fetch_sub(1);
      Echo(exchange);
    });
  });
  RawClient client(server.port());
  std::string all;
  for (int i = 0; i < 100; ++i) all += Get("/" + std::to_string(i));
  ASSERT_TRUE(client.Send(all));
  for (int i = 0; i < 100; ++i) {
    const auto answer = client.Read();
    ASSERT_TRUE(answer) << i;
    EXPECT_EQ(answer->body, "GET /" + std::to_string(i) + " ");
  }
  EXPECT_FALSE(overlapped);
  for (auto& worker : workers) worker.join();
}

TEST(HttpServerTest, TakesMorePipelinedBytesThanItBuffersWhileARequestRuns) {
  std::promise<HttpExchangePtr> first;
  bool is_first = true;
  TestServer server([&](HttpExchangePtr exchange) {
    if (std::exchange(is_first, false)) return first.set_value(std::move(exchange));
    Echo(exchange);
  });
  RawClient client(server.port());
  ASSERT_TRUE(client.Send(Get("/first")));
  const auto running = first.get_future().get();
  constexpr int kMore = 60;
  const std::string body(20'000, 'p');  // 1.2 MB in all, against 64 KiB
  std::thread sender([&] {
    for (int i = 0; i < kMore; ++i) EXPECT_TRUE(client.Send(Post("/more", body)));
  });
  running->Respond({.body = "first"});
  ASSERT_EQ(client.Read()->body, "first");
  for (int i = 0; i < kMore; ++i) {
    const auto answer = client.Read();
    ASSERT_TRUE(answer) << i;
    EXPECT_EQ(answer->body, "POST /more " + body);
  }
  sender.join();
}

TEST(HttpServerTest, ReadsRequestsThatArriveByteByByte) {
  TestServer server(Echo);
  RawClient client(server.port());
  const std::string chunked =
      "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;ext\r\nde\r\n0\r\nTrailer: x\r\n\r\n";
  for (const char c : Post("/split", "hello") + "\r\n" + chunked) {
    ASSERT_TRUE(client.Send({&c, 1}));
  }
  EXPECT_EQ(client.Read()->body, "POST /split hello");
  EXPECT_EQ(client.Read()->body, "POST /c abcde");
}

TEST(HttpServerTest, TakesALargeBodyAndAnswersWithIt) {
  TestServer server(Echo);
  RawClient client(server.port());
  std::string body(8 << 20, ' ');
  std::mt19937 random(7);
  for (char& c : body) c = static_cast<char>(random());
  std::thread sender([&] { EXPECT_TRUE(client.Send(Post("/large", body) + Get("/next"))); });
  EXPECT_TRUE(client.Read()->body == "POST /large " + body);
  EXPECT_EQ(client.Read()->body, "GET /next ");
  sender.join();
}

TEST(HttpServerTest, InvitesTheBodyOfAClientThatAsksFirst) {
  TestServer server(Echo);
  RawClient client(server.port());
  ASSERT_TRUE(
      client.Send("POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                  "Content-Length: 4\r\n\r\n"));
  EXPECT_EQ(client.Read()->status, 100);
  ASSERT_TRUE(client.Send("body"));
  EXPECT_EQ(client.Read()->body, "POST /e body");
}

TEST(HttpServerTest, AnswersHeadWithoutABody) {
  TestServer server(Echo);
  RawClient client(server.port());
  ASSERT_TRUE(client.Send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n" + Get("/after")));
  const auto answer = client.Read(/*head_request=*/true);
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->head.find("Content-Length: 8\r\n"), std::string::npos) << answer->head;
  EXPECT_EQ(client.Read()->body, "GET /after ");
}

TEST(HttpServerTest, ClosesWhenTheClientWantsItClosed) {
  TestServer server(Echo);
  for (const std::string& request :
       {Get("/", "Connection: close\r\n"), std::string("GET / HTTP/1.0\r\n\r\n")}) {
    RawClient client(server.port());
    ASSERT_TRUE(client.Send(request));
    const auto answer = client.Read();
    ASSERT_TRUE(answer);
    EXPECT_NE(answer->head.find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(client.ReadEnd());
  }
  RawClient keeping(server.port());
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(keeping.Send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    EXPECT_NE(keeping.Read()->head.find("Connection: keep-alive\r\n"), std::string::npos);
  }
}

TEST(HttpServerTest, SendsExtraHeadersThatCannotForgeOthers) {
  TestServer server([](const HttpExchangePtr& exchange) {
    exchange->Respond({.status = 204, .headers = {{"X-Note", "a\r\nSet-Cookie: b"}}});
  });
  RawClient client(server.port());
  ASSERT_TRUE(client.Send(Get("/")));
  const auto answer = client.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 204);
  EXPECT_NE(answer->head.find("X-Note: a  Set-Cookie: b\r\n"), std::string::npos);
  EXPECT_EQ(answer->head.find("Content-Length"), std::string::npos);
}

TEST(HttpServerTest, TellsWhoAsks) {
  TestServer server([](const HttpExchangePtr& exchange) {
    EXPECT_TRUE(exchange->peer_is_loopback());
    EXPECT_TRUE(exchange->loop().InLoop());
    exchange->Respond({.body = std::string(exchange->peer_address())});
  });
  RawClient client(server.port());
  ASSERT_TRUE(client.Send(Get("/")));
  EXPECT_EQ(client.Read()->body, "127.0.0.1");
}

TEST(HttpServerTest, TakesAnswersFromOtherThreads) {
  constexpr int kClients = 16;
  constexpr int kRequests = 200;
  std::mutex mutex;
  std::condition_variable more;
  std::vector<HttpExchangePtr> waiting;
  bool stop = false;
  TestServer server(
      [&](HttpExchangePtr exchange) {
        std::lock_guard lock(mutex);
        waiting.push_back(std::move(exchange));
        more.notify_one();
      },
      {}, 2);
  std::thread answerer([&] {  // in bulk, as a commit thread does
    for (std::unique_lock lock(mutex);;) {
      more.wait(lock, [&] { return stop || !waiting.empty(); });
      if (stop) return;
      std::vector<HttpExchangePtr> batch;
      batch.swap(waiting);
      lock.unlock();
      for (const auto& exchange : batch) Echo(exchange);
      batch.clear();
      lock.lock();
    }
  });
  std::vector<std::thread> clients;
  for (int c = 0; c < kClients; ++c) {
    clients.emplace_back([&, c] {
      RawClient client(server.port());
      for (int i = 0; i < kRequests; ++i) {
        const std::string body = std::to_string(c) + ":" + std::to_string(i);
        ASSERT_TRUE(client.Send(Post("/t", body)));
        const auto answer = client.Read();
        ASSERT_TRUE(answer);
        ASSERT_EQ(answer->body, "POST /t " + body);
      }
    });
  }
  for (auto& client : clients) client.join();
  {
    std::lock_guard lock(mutex);
    stop = true;
  }
  more.notify_one();
  answerer.join();
}

TEST(HttpServerTest, AnswersInBulkFromTheRoundHook) {
  std::vector<HttpExchangePtr> round;  // on the loop only
  TestServer server([&](HttpExchangePtr exchange) { round.push_back(std::move(exchange)); });
  std::promise<void> set;
  server.loop().Post([&] {
    server.loop().SetRoundHook([&] {
      for (const auto& exchange : std::exchange(round, {})) Echo(exchange);
    });
    set.set_value();
  });
  set.get_future().wait();
  RawClient a(server.port());
  RawClient b(server.port());
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(a.Send(Get("/a")));
    ASSERT_TRUE(b.Send(Get("/b") + Get("/b2")));
    EXPECT_EQ(a.Read()->body, "GET /a ");
    EXPECT_EQ(b.Read()->body, "GET /b ");
    EXPECT_EQ(b.Read()->body, "GET /b2 ");
  }
}

TEST(HttpServerTest, KeepsTheRequestReadableForWhoeverHoldsTheExchange) {
  std::vector<HttpExchangePtr> kept;  // on the loop, then here
  TestServer server([&](HttpExchangePtr exchange) {
    kept.push_back(exchange);
    Echo(exchange);
  });
  RawClient client(server.port());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(client.Send(Post("/kept", std::to_string(i))));
    ASSERT_TRUE(client.Read());
  }
  server.Stop();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(kept.at(i)->request().body(), std::to_string(i));
}

TEST(HttpServerTest, KeepsItsBuffersForTheNextRequestUnlessTheyAreLarge) {
  std::weak_ptr<HttpExchange> last;
  TestServer server([&](const HttpExchangePtr& exchange) {
    const bool reused = last.lock() == exchange;
    const bool gone = last.expired();
    last = exchange;
    exchange->Respond({.body = reused ? "reused" : gone ? "new" : "kept"});
  });
  RawClient client(server.port());
  const std::string large(1 << 20, 'b');
  ASSERT_TRUE(client.Send(Post("/", "small") + Post("/", large) + Post("/", "small")));
  EXPECT_EQ(client.Read()->body, "new");
  EXPECT_EQ(client.Read()->body, "reused");
  EXPECT_EQ(client.Read()->body, "new");
}

TEST(HttpServerTest, AnswersForAHandlerThatThrowsForgetsOrRepeatsItself) {
  TestServer server([](const HttpExchangePtr& exchange) {
    if (exchange->request().path() == "/throw") throw std::runtime_error("secret");
    if (exchange->request().path() == "/throw-any") throw 1;
    if (exchange->request().path() == "/forget") return;
    Echo(exchange);
    exchange->Respond({.body = "again"});
  });
  RawClient client(server.port());
  ASSERT_TRUE(client.Send(Get("/throw") + Get("/throw-any") + Get("/forget") + Get("/twice") +
                          Get("/end")));
  auto answer = client.Read();
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(answer->body.find("secret"), std::string::npos);
  EXPECT_EQ(client.Read()->status, 500);
  EXPECT_EQ(client.Read()->status, 500);
  EXPECT_EQ(client.Read()->body, "GET /twice ");
  EXPECT_EQ(client.Read()->body, "GET /end ");
}

TEST(HttpServerTest, AnswersForAWorkerThatForgets) {
  std::promise<HttpExchangePtr> taken;
  TestServer server([&](HttpExchangePtr exchange) { taken.set_value(std::move(exchange)); },
                    {.sweep_interval = 20ms});
  RawClient client(server.port());
  ASSERT_TRUE(client.Send(Get("/")));
  taken.get_future().get().reset();
  taken = {};  // the promise's state held it too
  EXPECT_EQ(client.Read()->status, 500);
}

class ClientGoneTest : public ::testing::Test {
 protected:
  HttpExchangePtr WaitForRequest() { return taken_.get_future().get(); }
  bool WaitForGone() { return gone_future_.wait_for(20s) == std::future_status::ready; }

  std::promise<HttpExchangePtr> taken_;
  std::promise<void> gone_;
  std::future<void> gone_future_ = gone_.get_future();
  TestServer server_{[this](HttpExchangePtr exchange) {
                       exchange->OnClientGone([this, exchange] {
                         EXPECT_TRUE(exchange->loop().InLoop());
                         gone_.set_value();
                       });
                       taken_.set_value(std::move(exchange));
                     },
                     {.half_close_grace = 50ms, .sweep_interval = 20ms}};
};

TEST_F(ClientGoneTest, IsToldWhenTheClientCloses) {
  RawClient client(server_.port());
  ASSERT_TRUE(client.Send(Get("/slow")));
  const auto exchange = WaitForRequest();
  client.Close();
  ASSERT_TRUE(WaitForGone());
  exchange->Respond({.body = "too late"});
}

TEST_F(ClientGoneTest, IsToldWhenTheConnectionIsReset) {
  RawClient client(server_.port());
  ASSERT_TRUE(client.Send(Get("/slow") + "GET /pipelined"));
  const auto exchange = WaitForRequest();
  client.Reset();
  ASSERT_TRUE(WaitForGone());
  exchange->Respond({.body = "too late"});
}

TEST_F(ClientGoneTest, IsNotToldOfAClientThatGotItsAnswer) {
  RawClient client(server_.port());
  ASSERT_TRUE(client.Send(Get("/quick")));
  WaitForRequest()->Respond({.body = "done"});
  ASSERT_EQ(client.Read()->body, "done");
  client.Close();
  EXPECT_TRUE(server_.server().Drain(20s));
  EXPECT_EQ(gone_future_.wait_for(0s), std::future_status::timeout);
}

TEST_F(ClientGoneTest, StillAnswersAClientThatOnlyStoppedSending) {
  RawClient client(server_.port());
  ASSERT_TRUE(client.Send(Get("/slow")));
  client.EndSending();
  const auto exchange = WaitForRequest();
  ASSERT_TRUE(WaitForGone());
  exchange->Respond({.body = "late"});
  EXPECT_EQ(client.Read()->body, "late");
  EXPECT_TRUE(client.ReadEnd());
}

TEST(HttpServerTest, DrainsByAnsweringWhatRunsAndClosingWhatIsIdle) {
  std::promise<HttpExchangePtr> taken;
  TestServer server([&](HttpExchangePtr exchange) { taken.set_value(std::move(exchange)); }, {}, 2);
  RawClient idle(server.port());
  RawClient busy(server.port());
  ASSERT_TRUE(busy.Send(Get("/running") + Get("/never")));
  const auto exchange = taken.get_future().get();
  EXPECT_FALSE(server.server().Drain(10ms));
  EXPECT_TRUE(idle.ReadEnd());
  EXPECT_FALSE(RawClient(server.port()).connected());

  auto drained = std::async([&] { return server.server().Drain(20s); });
  exchange->Respond({.body = "finished"});
  const auto answer = busy.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "finished");
  EXPECT_NE(answer->head.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(busy.ReadEnd());
  EXPECT_TRUE(drained.get());
  EXPECT_TRUE(server.server().Drain(20s));
}

TEST(HttpServerTest, CanBeDestroyedWhileRequestsRun) {
  std::promise<HttpExchangePtr> taken;
  TestServer server([&](HttpExchangePtr exchange) { taken.set_value(std::move(exchange)); });
  RawClient client(server.port());
  ASSERT_TRUE(client.Send(Get("/running")));
  const auto exchange = taken.get_future().get();
  server.Stop();
  EXPECT_TRUE(client.ReadEnd());
  exchange->Respond({.body = "into the void"});
  EXPECT_EQ(exchange->request().path(), "/running");
}

TEST(HttpServerTest, NamesTheProcessThatHoldsThePort) {
  EventLoopGroup loops(1);
  TestServer first(Echo);
  HttpServer second(loops, {}, first);
  const Status taken = second.Listen("127.0.0.1", first.port());
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code(), ErrorCode::kIo);
  const std::string port = std::to_string(first.port());
  EXPECT_EQ(taken.error().message(),
            "port " + port + " on 127.0.0.1 is already in use by process 'net_test' (pid " +
                std::to_string(getpid()) + ")");
}

TEST(HttpServerTest, SaysWhyItCannotListen) {
  EventLoopGroup loops(1);
  TestServer handler(Echo);
  HttpServer server(loops, {}, handler);
  const Status status = server.Listen("203.0.113.7", 8080);  // an address of no machine
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message(),
            "cannot listen on port 8080 on 203.0.113.7: Cannot assign requested address");
  EXPECT_FALSE(server.Listen("no such host", 8080).ok());
}

TEST(HttpServerTest, ServesIpv6) {
  TestServer handler([](const HttpExchangePtr& exchange) {
    exchange->Respond({.body = exchange->peer_is_loopback() ? "loopback" : "remote"});
  });
  EventLoopGroup loops(1);
  loops.Start();
  HttpServer server(loops, {}, handler);
  if (!server.Listen("::", 0).ok()) GTEST_SKIP() << "no IPv6 here";
  server.Start();
  RawClient mapped(server.port());  // arrives as ::ffff:127.0.0.1
  ASSERT_TRUE(mapped.Send(Get("/")));
  EXPECT_EQ(mapped.Read()->body, "loopback");
}

}  // namespace
}  // namespace kalam::net
