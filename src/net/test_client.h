#pragma once

#include "gtest/gtest.h"
#include "net/event_loop.h"
#include "net/http_server.h"

#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kalam::net::testing {

// A blocking socket that speaks bytes, so that tests can send what no HTTP library would.
class RawClient {
 public:
  struct Answer {
    int status = 0;
    std::string head;
    std::string body;
  };

  explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval patience{20, 0};  // a test that waits longer has failed
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawClient() { Close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }

  // False when the server no longer takes bytes.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // The next answer; nothing if the connection ends, or falls silent, before it is complete.
  std::optional<Answer> Read(bool head_request = false) {
    std::size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == buffer_.npos) {
      if (!Fill()) return std::nullopt;
    }
    Answer answer;
    answer.head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    answer.status = std::atoi(answer.head.c_str() + answer.head.find(' ') + 1);
    const auto at = answer.head.find("Content-Length: ");
    if (head_request || at == answer.head.npos) return answer;
    const std::size_t size = std::strtoull(answer.head.c_str() + at + 16, nullptr, 10);
    while (buffer_.size() < size) {
      if (!Fill()) return std::nullopt;
    }
    answer.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return answer;
  }

  // Waits for the server's end of the stream; false if more answers came instead, or nothing.
  bool ReadEnd() { return buffer_.empty() && !Fill() && ended_; }

  void EndSending() { ::shutdown(fd_, SHUT_WR); }
  void Close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void Reset() {  // closes with RST
    const linger now{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    Close();
  }

 private:
  bool Fill() {
    char bytes[1 << 16];
    const ssize_t size = ::recv(fd_, bytes, sizeof bytes, 0);
    ended_ = size == 0 || (size < 0 && errno == ECONNRESET);
    if (size <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(size));
    return true;
  }

  int fd_;
  bool connected_ = false;
  bool ended_ = false;
  std::string buffer_;
};

// A server on a free port whose handler is a function.
class TestServer : public HttpHandler {
 public:
  using Handler = std::function<void(HttpExchangePtr)>;

  explicit TestServer(Handler handler, HttpServerOptions options = {}, std::size_t loops = 1)
      : handler_(std::move(handler)), loops_(loops) {
    loops_.Start();
    server_ = std::make_unique<HttpServer>(loops_, std::move(options), *this);
    const Status listening = server_->Listen("127.0.0.1", 0);
    EXPECT_TRUE(listening.ok()) << listening.error().message();
    server_->Start();
  }

  void Handle(HttpExchangePtr exchange) override { handler_(std::move(exchange)); }

  HttpServer& server() { return *server_; }
  EventLoop& loop(std::size_t index = 0) { return loops_.loop(index); }
  std::uint16_t port() const { return server_->port(); }
  void Stop() { server_.reset(); }

 private:
  Handler handler_;
  EventLoopGroup loops_;
  std::unique_ptr<HttpServer> server_;
};

// Answers with what it was sent: "POST /path?query body".
inline void Echo(const HttpExchangePtr& exchange) {
  const HttpRequest& request = exchange->request();
  std::string text(request.method());
  text.append(" ").append(request.target()).append(" ").append(request.body());
  exchange->Respond({.content_type = "text/plain", .body = std::move(text)});
}

inline std::string Post(std::string_view target, std::string_view body,
                        std::string_view extra_headers = "") {
  std::string text = "POST " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n";
  text.append(extra_headers);
  text.append("Content-Length: " + std::to_string(body.size()) + "\r\n\r\n").append(body);
  return text;
}

inline std::string Get(std::string_view target, std::string_view extra_headers = "") {
  std::string text = "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n";
  return text.append(extra_headers).append("\r\n");
}

}  // namespace kalam::net::testing
