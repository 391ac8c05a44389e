#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/json.h"
#include "support/websocket_client.h"

namespace kalam::test {

// A client of /v1/ws that sorts what it receives by subscription. For one thread.
class LiveClient {
 public:
  explicit LiveClient(std::uint16_t port, const std::string& user = {}, WebSocketClientOptions options = {})
      : LiveClient(port, user.empty() ? HttpHeaders{} : HttpHeaders{{"X-USER-ID", user}}, options) {}
  LiveClient(std::uint16_t port, const HttpHeaders& headers, WebSocketClientOptions options = {},
             std::string_view path = "/v1/ws")
      : socket_(port, path, headers, options) {}

  WebSocketClient& socket() { return socket_; }

  void Send(std::string_view json) { socket_.SendText(json); }
  // `options` is JSON text, empty for none.
  void SendSubscribe(const std::string& id, std::string_view sql, std::string_view options = {}) {
    Send("{\"subscriptions\":[{\"id\":" + JsonQuote(id) + ",\"sql\":" + JsonQuote(sql) +
         (options.empty() ? "" : ",\"options\":" + std::string(options)) + "}]}");
  }
  // Sends it and takes the acknowledgement, or whatever came in its place.
  Json Subscribe(const std::string& id, std::string_view sql, std::string_view options = {}) {
    SendSubscribe(id, sql, options);
    return Next(id);
  }

  // The next message whose `subscription_id` is `id`; others are kept for their own Next.
  Json Next(const std::string& id, WebSocketClient::Millis within = WebSocketClient::kPatience) {
    for (auto at = kept_.begin(); at != kept_.end(); ++at) {
      if ((*at)["subscription_id"].text() != id) continue;
      Json found = *at;
      kept_.erase(at);
      return found;
    }
    while (true) {
      Json message = Receive(within);
      if (!message.exists() || message["subscription_id"].text() == id) return message;
      kept_.push_back(std::move(message));
    }
  }
  // Nothing for anybody within so long.
  bool Silent(WebSocketClient::Millis within = std::chrono::milliseconds(200)) {
    return kept_.empty() && !socket_.TryNext(within);
  }
  // Nothing else can be on its way: the server answers in order.
  void Ping() {
    Send(R"({"type":"ping"})");
    while (true) {
      Json message = Receive(WebSocketClient::kPatience);
      if (!message.exists() || message["type"].text() == "pong") return;
      kept_.push_back(std::move(message));
    }
  }

  // kMissing at the end of the connection.
  Json Receive(WebSocketClient::Millis within = WebSocketClient::kPatience) {
    const WebSocketEvent event = socket_.Next(within);
    if (event.kind != WebSocketEvent::Kind::kText) return Json();
    auto json = Json::Parse(event.payload);
    EXPECT_TRUE(json) << event.payload;
    return json ? *std::move(json) : Json();
  }

 private:
  WebSocketClient socket_;
  std::deque<Json> kept_;
};

}  // namespace kalam::test
