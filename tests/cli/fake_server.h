#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace kalam::test {

struct FakeRequest {
  std::string start_line;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// A tiny HTTP server on a free port of 127.0.0.1, for what a real server is too well-behaved to do.
// Connections are served one after the other on one thread.
class FakeServer {
 public:
  // Returns the bytes to answer with; "" closes the connection without an answer, kSilent leaves it
  // open without one.
  using Handler = std::function<std::string(const FakeRequest&)>;
  static inline const std::string kSilent = "(silent)";

  explicit FakeServer(Handler handler);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_; }
  std::vector<FakeRequest> requests() const;

 private:
  void Serve();
  void ServeConnection(int socket);

  Handler handler_;
  std::uint16_t port_ = 0;  // set while listener_ is made: keep this order
  int listener_;
  std::atomic<int> connections_{0};
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::vector<FakeRequest> requests_;
  std::thread thread_;
};

// A whole answer with Content-Length; `close` asks the client not to reuse the connection and makes
// the server close it.
std::string HttpAnswerText(int status, const std::string& body, bool close = false);

// A port on which nobody listens.
std::uint16_t UnusedPort();

}  // namespace kalam::test
