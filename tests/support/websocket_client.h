#pragma once

#include "support/http_client.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace kalam::test {

// What a server sent, or that it will send nothing more.
struct WebSocketEvent {
  enum class Kind {
    kText,
    kBinary,
    kPing,
    kPong,
    kClose,  // `code` and, in `payload`, the reason; 1005 for a close frame without a code
    kEnd,    // the connection is over; `payload` says how
  };
  Kind kind = Kind::kEnd;
  std::string payload = {};
  std::uint16_t code = 0;
};

struct WebSocketClientOptions {
  bool answer_pings = true;      // false plays a program that hangs
  bool answer_close = true;      // with the same code, as a client must
  std::string early = {};        // sent right behind the request for the upgrade
  int receive_buffer_bytes = 0;  // of the kernel; small lets a stopped reader be noticed early
};

// The server answered something other than 101.
struct WebSocketRefused : std::runtime_error {
  explicit WebSocketRefused(HttpResponse answer)
      : std::runtime_error("the upgrade was answered " + std::to_string(answer.status) + ": " + answer.body),
        response(std::move(answer)) {}
  HttpResponse response;
};

// One WebSocket to a server on 127.0.0.1. A thread of its own reads, so that pings are answered whatever
// the test does meanwhile, until StopReading. Otherwise for one thread.
//
// Throws std::runtime_error when the server can't be reached, does not say in time what was asked for, or
// says something else.
class WebSocketClient {
 public:
  using Millis = std::chrono::milliseconds;
  static constexpr Millis kPatience{20'000};

  // Connects and upgrades. Headers of an upgrade are added unless `headers` has them. Throws
  // WebSocketRefused.
  explicit WebSocketClient(std::uint16_t port, std::string_view path = "/v1/ws", const HttpHeaders& headers = {},
                           WebSocketClientOptions options = {});
  ~WebSocketClient();  // just closes the socket
  WebSocketClient(const WebSocketClient&) = delete;
  WebSocketClient& operator=(const WebSocketClient&) = delete;

  void SendText(std::string_view text) { SendFrame(0x81, text); }
  void SendBinary(std::string_view bytes) { SendFrame(0x82, bytes); }
  void SendPing(std::string_view payload) { SendFrame(0x89, payload); }
  // The close handshake from this side; then AwaitClose.
  void SendClose(std::uint16_t code, std::string_view reason = {});
  // A frame with that first byte (final bit, reserved bits, opcode), masked.
  void SendFrame(std::uint8_t first_byte, std::string_view payload);
  // Bytes as given. Stops without complaint when the server has gone.
  void SendRaw(std::string_view bytes);

  // The next message, close or end; an end is told again each time. Next throws when none comes in time.
  std::optional<WebSocketEvent> TryNext(Millis within);
  WebSocketEvent Next(Millis within = kPatience);
  // The same with pings and pongs.
  std::optional<WebSocketEvent> TryNextOfAll(Millis within);

  // The next message, which has to be text.
  std::string NextText(Millis within = kPatience);
  // Passes over messages up to the close frame and returns its code; 1006 if the connection ended without.
  std::uint16_t AwaitClose(Millis within = kPatience);
  // Waits until the server has closed the connection itself.
  bool AwaitEnd(Millis within = kPatience);

  // Plays a slow consumer: what the server sends stays in the kernel. On return nothing is being read.
  void StopReading();
  void ResumeReading();

  // Ends without a word: the kernel sends a reset.
  void Reset();

  std::size_t bytes_received() const { return bytes_received_; }

 private:
  HttpResponse Upgrade(std::string_view path, const HttpHeaders& headers);
  bool Fill();  // the handshake only
  void ReadLoop();
  void ReadFrames();
  bool ReadFrame();
  void OnFrame(std::uint8_t first_byte, std::string payload);
  void Put(WebSocketEvent event);
  std::optional<WebSocketEvent> Take(Millis within, bool with_pings);

  const WebSocketClientOptions options_;
  int socket_ = -1;
  int wake_up_ = -1;  // an eventfd: the read loop looks at its orders

  std::mutex sending_;  // pongs come from the read loop
  std::uint32_t mask_ = 0x5a17c3d9;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<WebSocketEvent> events_;
  std::optional<WebSocketEvent> end_;
  bool want_reading_ = true;
  bool is_reading_ = true;
  bool stop_ = false;

  std::string input_;    // of the read loop: bytes not yet read as frames
  std::string message_;  // fragments so far
  std::uint8_t message_opcode_ = 0;
  std::atomic<std::size_t> bytes_received_{0};
  std::thread reader_;
};

}  // namespace kalam::test
