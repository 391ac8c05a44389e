#include <gtest/gtest.h>
#include <malloc.h>

#include <future>
#include <memory>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "net/websocket_server.h"
#include "support/websocket_client.h"

namespace kalam::test {
namespace {

using namespace std::chrono_literals;
using net::Frame;
using net::FramePtr;
using net::SendResult;
using net::WebSocketPtr;
using Kind = WebSocketEvent::Kind;
using Closed = std::pair<std::uint16_t, std::string>;

// Times short enough for a test; the sweep that checks them is shorter still.
const net::HttpServerOptions kQuickSweep = {.linger_time = 300ms, .sweep_interval = 10ms};

HttpResponse RefusalOf(std::uint16_t port, const HttpHeaders& headers) {
  try {
    WebSocketClient client(port, "/", headers);
  } catch (const WebSocketRefused& refused) {
    return refused.response;
  }
  return {.status = 101, .headers = {}, .body = {}};
}

// --- The handshake -------------------------------------------------------------------------------

TEST(WebSocketHandshake, IsRefusedUnlessItIsAsTheProtocolWantsIt) {
  WebSocketServer server;
  const auto status = [&](std::string name, std::string value) {
    return RefusalOf(server.port(), {{std::move(name), std::move(value)}}).status;
  };
  EXPECT_EQ(status("Upgrade", "h2c"), 426);
  EXPECT_EQ(status("Connection", "keep-alive"), 426);
  EXPECT_EQ(status("Sec-WebSocket-Version", "8"), 426);
  EXPECT_EQ(status("Sec-WebSocket-Key", "short"), 400);
  EXPECT_EQ(status("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZTEy"), 400);  // 18 bytes
  EXPECT_EQ(status("Connection", "keep-alive, UPGRADE"), 101);
  EXPECT_EQ(status("Upgrade", "WebSocket"), 101);
  const HttpResponse refusal = RefusalOf(server.port(), {{"Sec-WebSocket-Version", "8"}});
  EXPECT_EQ(refusal.Header("Sec-WebSocket-Version"), "13");
  EXPECT_NE(refusal.body.find("must be 13"), std::string::npos);
  HttpClient plain(server.port());
  EXPECT_EQ(plain.Get("/").status, 426);
  EXPECT_EQ(plain.Get("/").status, 426);
  EXPECT_EQ(plain.connections(), 1) << "a refusal is an answer like any other";
}

TEST(WebSocketHandshake, IsForTheHandlerToRefuseToo) {
  WebSocketServer server;
  server.refuse = true;
  const HttpResponse answer = RefusalOf(server.port(), {});
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.body, "who are you?");
}

TEST(WebSocketHandshake, LosesNothingThatCameBehindIt) {
  WebSocketServer server;
  const std::string hello("\x81\x85\0\0\0\0hello", 11);
  WebSocketClient client(server.port(), "/", {}, {.early = hello + hello.substr(0, 8)});
  EXPECT_EQ(client.NextText(), "hello");
  client.SendRaw(hello.substr(8));
  EXPECT_EQ(client.NextText(), "hello");
}

// --- Messages ------------------------------------------------------------------------------------

TEST(WebSocketTest, EchoesMessagesOfAllSizes) {
  WebSocketServer server;
  WebSocketClient client(server.port());
  for (const std::size_t size : {0, 1, 125, 126, 65535, 65536, 1 << 20}) {
    client.SendText(std::string(size, 'a'));
    client.SendFrame(0x02, std::string(size / 2, '\xfe'));
    client.SendFrame(0x80, std::string(size - size / 2, '\xff'));
    EXPECT_TRUE(client.NextText() == std::string(size, 'a')) << size;
    const WebSocketEvent binary = client.Next();
    EXPECT_EQ(binary.kind, Kind::kBinary);
    EXPECT_TRUE(binary.payload == std::string(size / 2, '\xfe') + std::string(size - size / 2, '\xff')) << size;
  }
}

TEST(WebSocketTest, ClosesOnAMessageThatIsTooLarge) {
  WebSocketServer server({.max_message_bytes = 1000});
  WebSocketClient client(server.port());
  client.SendText(std::string(1000, 'a'));
  client.SendText(std::string(1001, 'b'));
  EXPECT_EQ(client.NextText().size(), 1000u);
  EXPECT_EQ(client.AwaitClose(), 1009);
  EXPECT_TRUE(client.AwaitEnd());
  EXPECT_EQ(server.closed.Await(1).at(0).first, 1009);
}

TEST(WebSocketTest, AHandlerThatThrowsClosesItsConnectionAndNoOther) {
  WebSocketServer server;
  server.on_message = [](const WebSocketPtr& socket, net::MessageType, std::string_view text) {
    if (text == "throw") throw std::runtime_error("secret");
    socket->Send(Frame::Text("fine"));
  };
  WebSocketClient bad(server.port());
  WebSocketClient good(server.port());
  bad.SendText("throw");
  const WebSocketEvent close = bad.Next();
  EXPECT_EQ(close.code, 1011);
  EXPECT_EQ(close.payload.find("secret"), std::string::npos);
  good.SendText("x");
  EXPECT_EQ(good.NextText(), "fine");
}

// --- Closing -------------------------------------------------------------------------------------

TEST(WebSocketClose, FromTheClientIsAnsweredWithItsCode) {
  WebSocketServer server;
  WebSocketClient client(server.port());
  client.SendText("before");
  client.SendClose(3456, "enough");
  client.SendText("after");
  EXPECT_EQ(client.NextText(), "before");
  EXPECT_EQ(client.AwaitClose(), 3456);
  EXPECT_TRUE(client.AwaitEnd());
  EXPECT_EQ(server.closed.Await(1).at(0), Closed(3456, "enough"));
}

TEST(WebSocketClose, FromTheServerComesAfterAllThatWasSent) {
  WebSocketServer server;
  WebSocketClient client(server.port());
  const WebSocketPtr socket = server.opened.Await(1).at(0);
  std::thread([socket] {  // from a thread that is no loop's
    EXPECT_EQ(socket->Send(Frame::Text("last")), SendResult::kQueued);
    socket->Close(4401, "bye");
    EXPECT_EQ(socket->Send(Frame::Text("too late")), SendResult::kClosed);
    socket->Close(4402, "again");
  }).join();
  EXPECT_EQ(client.NextText(), "last");
  const WebSocketEvent close = client.Next();
  EXPECT_EQ(close.code, 4401);
  EXPECT_EQ(close.payload, "bye");
  EXPECT_TRUE(client.AwaitEnd());
  EXPECT_EQ(server.closed.Await(1).at(0), Closed(4401, "bye"));
  EXPECT_EQ(socket->Send(Frame::Text("gone")), SendResult::kClosed);
}

TEST(WebSocketClose, DoesNotWaitForeverForAnAnswer) {
  WebSocketServer server({.close_timeout = 50ms}, kQuickSweep);
  WebSocketClient client(server.port(), "/", {}, {.answer_close = false});
  server.opened.Await(1).at(0)->Close(1000, "");
  EXPECT_EQ(client.AwaitClose(), 1000);
  EXPECT_TRUE(client.AwaitEnd());
  EXPECT_EQ(server.closed.Await(1).at(0).first, 1006);
}

TEST(WebSocketClose, ToldOnceWhenTheClientIsLost) {
  WebSocketServer server;
  WebSocketClient client(server.port());
  server.opened.Await(1);
  client.Reset();
  EXPECT_EQ(server.closed.Await(1).at(0).first, 1006);
  server.Stop();
  EXPECT_EQ(server.closed.size(), 1u);
}

TEST(WebSocketClose, ADrainingServerSaysSoToAllAndWaitsABoundedTime) {
  WebSocketServer server({.drain_timeout = 100ms}, kQuickSweep);
  WebSocketClient polite(server.port());
  WebSocketClient deaf(server.port(), "/", {}, {.answer_close = false});
  WebSocketClient stopped(server.port());
  server.opened.Await(3);
  stopped.StopReading();
  EXPECT_TRUE(server.http().Drain(10s));
  EXPECT_EQ(server.closed.Await(3).size(), 3u);
  EXPECT_EQ(polite.AwaitClose(), 1001);
  EXPECT_EQ(deaf.AwaitClose(), 1001);
  stopped.ResumeReading();
  EXPECT_EQ(stopped.AwaitClose(), 1001);
}

TEST(WebSocketClose, AServerThatGoesTellsItsHandlers) {
  WebSocketServer server({}, {}, 2);
  WebSocketClient first(server.port());
  WebSocketClient second(server.port());
  const auto sockets = server.opened.Await(2);
  server.Stop();
  EXPECT_EQ(server.closed.size(), 2u);
  EXPECT_EQ(sockets.at(0)->Send(Frame::Text("x")), SendResult::kClosed);
}

// --- Alive or not --------------------------------------------------------------------------------

TEST(WebSocketLiveness, DropsAClientThatAnswersNoPingAndKeepsOneThatDoes) {
  WebSocketServer server({.ping_interval = 30ms, .silent_timeout = 200ms}, kQuickSweep);
  WebSocketClient alive(server.port());
  WebSocketClient hung(server.port(), "/", {}, {.answer_pings = false});
  EXPECT_TRUE(hung.AwaitEnd());
  EXPECT_EQ(server.closed.Await(1).at(0), Closed(1006, "the client fell silent"));
  int pings = 0;
  while (alive.TryNextOfAll(0ms)) ++pings;
  EXPECT_GE(pings, 2);
  alive.SendPing("payload");
  while (true) {
    const auto event = alive.TryNextOfAll(WebSocketClient::kPatience);
    ASSERT_TRUE(event);
    if (event->kind == Kind::kPing) continue;
    EXPECT_EQ(event->kind, Kind::kPong);
    EXPECT_EQ(event->payload, "payload");
    break;
  }
  EXPECT_EQ(server.closed.size(), 1u);
}

TEST(WebSocketLiveness, AClientWithABacklogIsNotSilentButNotWaitedForForeverEither) {
  WebSocketServer server({.ping_interval = 30ms, .silent_timeout = 150ms, .stall_timeout = 1500ms}, kQuickSweep);
  WebSocketClient busy(server.port(), "/", {}, {.receive_buffer_bytes = 4096});
  WebSocketClient hung(server.port(), "/", {}, {.answer_pings = false});
  server.opened.Await(2);
  busy.StopReading();
  const FramePtr frame = Frame::Text(std::string(1 << 20, 'b'));
  for (const auto& socket : server.opened.Await(2)) {
    for (int i = 0; i < 7; ++i) ASSERT_EQ(socket->Send(frame), SendResult::kQueued);
  }
  EXPECT_TRUE(hung.AwaitEnd()) << "it takes everything and says nothing";
  EXPECT_EQ(server.closed.Await(1).size(), 1u) << "the other has a backlog";
  EXPECT_EQ(server.closed.Await(2).at(1).first, 1006) << "but must take of it in the end";
}

// --- The queue -----------------------------------------------------------------------------------

TEST(WebSocketQueue, AStoppedReaderIsToldOfBoundedAndCostsOthersNothing) {
  constexpr std::size_t kBound = 1 << 20;
  WebSocketServer server({.max_queue_bytes = kBound, .reserve_bytes = 1000, .low_water_bytes = kBound / 4}, {}, 2);
  std::vector<std::unique_ptr<WebSocketClient>> readers;
  for (int i = 0; i < 8; ++i) readers.push_back(std::make_unique<WebSocketClient>(server.port()));
  const auto others = server.opened.Await(8);
  WebSocketClient slow(server.port(), "/", {}, {.receive_buffer_bytes = 4096});
  const WebSocketPtr slow_socket = server.opened.Await(9).at(8);
  slow.StopReading();

  constexpr int kFrames = 2000;
  int taken = 0;  // by the slow one, before it is refused
  std::thread producer([&] {
    net::WebSocketFanOut fan_out;
    const std::string padding(4000, '.');
    for (int i = 0; i < kFrames; ++i) {
      const FramePtr frame = Frame::Text(std::to_string(i) + padding);
      for (const auto& socket : others) {
        // A reader may fall behind for a moment; then the producer waits, which an application need not.
        while (fan_out.Send(socket, frame) == SendResult::kWouldExceed) {
          fan_out.Flush();
          std::this_thread::yield();
        }
      }
      if (taken == i && fan_out.Send(slow_socket, frame) == SendResult::kQueued) ++taken;
      fan_out.Flush();
      EXPECT_LE(slow_socket->backlog_bytes(), kBound);
    }
  });
  for (const auto& reader : readers) {
    for (int i = 0; i < kFrames; ++i) ASSERT_EQ(std::stoi(reader->NextText()), i);
  }
  producer.join();
  EXPECT_LT(taken, kFrames);
  // The kernel may have taken more since; a full queue still has room for last words.
  const auto filler = [&] { return Frame::Text(std::to_string(taken) + std::string(500, '.')); };
  while (slow_socket->Send(filler()) == SendResult::kQueued) ++taken;
  EXPECT_EQ(slow_socket->Send(Frame::Text("last words"), net::QueueRoom::kReserve), SendResult::kQueued);

  // What was taken arrives, all of it and in order, and the end of the jam is told.
  slow.ResumeReading();
  for (int i = 0; i < taken; ++i) ASSERT_EQ(std::stoi(slow.NextText()), i);
  EXPECT_EQ(slow.NextText(), "last words");
  EXPECT_TRUE(server.low.AwaitThat(slow_socket));
  EXPECT_EQ(slow_socket->Send(Frame::Text("again")), SendResult::kQueued);
  EXPECT_EQ(slow.NextText(), "again");
  EXPECT_EQ(slow_socket->backlog_bytes(), 0u);
}

TEST(WebSocketQueue, FramesOfOneThreadKeepTheirOrderWhateverWayTheyGo) {
  WebSocketServer server;
  WebSocketClient client(server.port());
  const WebSocketPtr socket = server.opened.Await(1).at(0);
  net::WebSocketFanOut fan_out;
  int next = 0;
  const auto number = [&] { return Frame::Text(std::to_string(next++)); };
  for (int round = 0; round < 300; ++round) {
    fan_out.Send(socket, number());
    fan_out.Send(socket, number());
    fan_out.Flush();
    socket->Send(number());
    // On the loop, told of all of the above.
    std::promise<void> sent;
    server.loop().Post([&] {
      socket->Send(number());
      sent.set_value();
    });
    sent.get_future().wait();
  }
  for (int i = 0; i < next; ++i) ASSERT_EQ(client.NextText(), std::to_string(i));
}

TEST(WebSocketQueue, AFanOutToManyBeginsBeforeItsFlush) {
  constexpr std::size_t kReaders = 200;
  WebSocketServer server;
  std::vector<std::unique_ptr<WebSocketClient>> readers;
  for (std::size_t i = 0; i < kReaders; ++i) readers.push_back(std::make_unique<WebSocketClient>(server.port()));
  const auto sockets = server.opened.Await(kReaders);
  net::WebSocketFanOut fan_out;
  for (const auto& socket : sockets) {
    fan_out.Send(socket, Frame::Text("one"));
    fan_out.Send(socket, Frame::Text("two"));
  }
  // Sockets are told in the order in which they opened.
  EXPECT_EQ(readers.front()->NextText(), "one");
  EXPECT_EQ(readers.front()->NextText(), "two");
  fan_out.Flush();
  for (const auto& reader : std::span(readers).subspan(1)) {
    EXPECT_EQ(reader->NextText(), "one");
    EXPECT_EQ(reader->NextText(), "two");
  }
}

TEST(WebSocketQueue, SendingWhileConnectionsComeAndGoIsSafe) {
  WebSocketServer server({}, {}, 2);
  std::atomic<bool> done{false};
  std::thread producer([&] {
    net::WebSocketFanOut fan_out;
    const FramePtr frame = Frame::Text("tick");
    while (!done) {
      for (const auto& socket : server.opened.Await(0)) fan_out.Send(socket, frame);
      fan_out.Flush();
      std::this_thread::yield();
    }
  });
  for (int i = 0; i < 60; ++i) {
    WebSocketClient client(server.port());
    EXPECT_EQ(client.NextText(), "tick");
    if (i % 3 == 0) client.Reset();
    if (i % 3 == 1) client.SendClose(1000);
  }
  done = true;
  producer.join();
  EXPECT_EQ(server.closed.Await(60).size(), 60u);
}

// --- Hostile and many ----------------------------------------------------------------------------

TEST(WebSocketHostile, RandomBytesHarmNobodyElse) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  WebSocketServer server({.max_message_bytes = 10'000}, kQuickSweep);
  WebSocketClient witness(server.port());
  for (int i = 0; i < 200; ++i) {
    std::string bytes(random() % 400, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    if (!bytes.empty() && i % 2 == 0) bytes[0] = static_cast<char>(0x81 + random() % 2);  // a good start
    WebSocketClient client(server.port(), "/", {}, {.early = bytes});
    client.SendClose(1000);
    if (i % 5 == 0) client.Reset();
  }
  witness.SendText("still here");
  EXPECT_EQ(witness.NextText(), "still here");
}

TEST(WebSocketMemory, AnIdleConnectionHoldsLessThanThreeKilobytes) {
  constexpr std::size_t kConnections = 2000;
  WebSocketServer server;
  std::vector<std::unique_ptr<HttpClient>> clients;  // their own memory is counted too
  const std::string request =
      "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  // As a client is used: a message each way, in two pieces.
  const std::string message("\x81\x85\0\0\0\0he", 8);
  const auto connect = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      clients.push_back(std::make_unique<HttpClient>(server.port()));
      clients.back()->SendRaw(request + message);
      clients.back()->SendRaw("llo");
    }
    server.opened.Await(clients.size());
  };
  connect(100);
  const auto before = mallinfo2();
  connect(kConnections);
  std::promise<void> settled;  // what was sent is through
  server.loop().Post([&] { settled.set_value(); });
  settled.get_future().wait();
  const auto after = mallinfo2();
  const std::size_t each =
      (after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) / kConnections;
  RecordProperty("bytes_per_connection", static_cast<int>(each));
  std::printf("%zu bytes for each of %zu idle connections\n", each, kConnections);
  EXPECT_LT(each, 3u << 10);
}

}  // namespace
}  // namespace kalam::test
