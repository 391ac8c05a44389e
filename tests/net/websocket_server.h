#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/event_loop.h"
#include "net/http_server.h"
#include "net/websocket.h"

namespace kalam::test {

// A value that one thread sets and another waits for.
template <typename T>
class Mailbox {
 public:
  void Put(T value) {
    {
      std::lock_guard lock(mutex_);
      values_.push_back(std::move(value));
    }
    changed_.notify_all();
  }
  // Values that have come, at least `count` of them unless that takes too long.
  std::vector<T> Await(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [&] { return values_.size() >= count; });
    return values_;
  }
  bool AwaitThat(const T& value) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] {
      return std::find(values_.begin(), values_.end(), value) != values_.end();
    });
  }
  std::size_t size() {
    std::lock_guard lock(mutex_);
    return values_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> values_;
};

// A server whose every path is a WebSocket, and which tells the test what happens on its loops. It echoes
// messages unless `on_message` is given.
class WebSocketServer : public net::HttpHandler {
 public:
  using OnMessage = std::function<void(const net::WebSocketPtr&, net::MessageType, std::string_view)>;

  explicit WebSocketServer(net::WebSocketOptions options = {}, net::HttpServerOptions http = {},
                           std::size_t loops = 1)
      : options_(std::make_shared<net::WebSocketOptions>(options)), loops_(loops) {
    loops_.Start();
    server_ = std::make_unique<net::HttpServer>(loops_, std::move(http), *this);
    const Status listening = server_->Listen("127.0.0.1", 0);
    if (!listening.ok()) throw std::runtime_error(listening.error().message());
    server_->Start();
  }

  void Handle(net::HttpExchangePtr exchange) override {
    if (refuse) return exchange->Respond({.status = 401, .body = "who are you?"});
    if (const auto refusal = net::CheckHandshake(exchange->request())) {
      return exchange->Respond(
          {.status = refusal->status, .body = refusal->message, .headers = refusal->headers});
    }
    exchange->Respond(
        net::AcceptWebSocket(exchange->request(), std::make_unique<Session>(*this), options_));
  }

  std::uint16_t port() const { return server_->port(); }
  net::HttpServer& http() { return *server_; }
  net::EventLoop& loop() { return loops_.loop(0); }
  void Stop() { server_.reset(); }

  bool refuse = false;
  OnMessage on_message;                                      // on a loop; set before the first client
  Mailbox<net::WebSocketPtr> opened;                         // in order of OnOpen
  Mailbox<net::WebSocketPtr> low;                            // OnBacklogLow
  Mailbox<std::pair<std::uint16_t, std::string>> closed;     // OnClose

 private:
  class Session : public net::WebSocketHandler {
   public:
    explicit Session(WebSocketServer& server) : server_(server) {}

    void OnOpen(const net::WebSocketPtr& socket) override {
      socket_ = socket;
      server_.opened.Put(socket);
    }
    void OnMessage(net::MessageType type, std::string_view payload) override {
      if (server_.on_message) return server_.on_message(socket_, type, payload);
      socket_->Send(type == net::MessageType::kText ? net::Frame::Text(payload) : net::Frame::Binary(payload));
    }
    void OnBacklogLow() override { server_.low.Put(socket_); }
    void OnClose(std::uint16_t code, std::string_view reason) override {
      server_.closed.Put({code, std::string(reason)});
    }

   private:
    WebSocketServer& server_;
    net::WebSocketPtr socket_;
  };

  const std::shared_ptr<const net::WebSocketOptions> options_;
  net::EventLoopGroup loops_;
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace kalam::test
