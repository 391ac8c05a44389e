#include "server/health_check.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

namespace kalam::server {
namespace {

constexpr timeval kPatience{.tv_sec = 5, .tv_usec = 0};
constexpr std::size_t kMostBytes = 16 << 10;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// Who listens on every address listens on the loopback one.
std::string Reachable(const std::string& host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  if (host == "::" || host == "[::]") return "::1";
  return host;
}

Error Failure(const std::string& what) { return Error(ErrorCode::kIo, what + ": " + std::strerror(errno)); }

Result<Descriptor> Connect(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return Error(ErrorCode::kIo, "find " + host + ": " + gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    Descriptor socket(::socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, address->ai_protocol));
    if (socket.get() < 0) continue;
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);  // of connect too
    if (connect(socket.get(), address->ai_addr, address->ai_addrlen) == 0) return socket;
  }
  return Failure("connect to " + host + " port " + port);
}

}  // namespace

Status CheckHealth(const ServerConfig& config) {
  KALAM_TRY_ASSIGN(const Descriptor socket,
                   Connect(Reachable(config.server.host), std::to_string(config.server.port)));
  constexpr std::string_view kRequest = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (send(socket.get(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(kRequest.size())) {
    return Failure("ask for /health");
  }
  std::string answer;
  char piece[2048];
  while (answer.size() < kMostBytes) {
    const ssize_t got = recv(socket.get(), piece, sizeof piece, 0);
    if (got < 0) return Failure("read the answer to /health");
    if (got == 0) break;
    answer.append(piece, static_cast<std::size_t>(got));
  }
  if (!answer.starts_with("HTTP/1.1 200 ")) {
    return Error(ErrorCode::kUnavailable, "the server is not healthy: " + answer.substr(0, answer.find('\r')));
  }
  return {};
}

}  // namespace kalam::server
