#include "support/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace kalam::test {
namespace {

[[noreturn]] void Fail(const std::string& what) { throw std::runtime_error("http: " + what); }

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool Has(const HttpHeaders& headers, std::string_view name) {
  for (const auto& header : headers) {
    if (SameName(header.first, name)) return true;
  }
  return false;
}

int MillisUntil(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  return left.count() > 0 ? static_cast<int>(left.count()) : 0;
}

}  // namespace

std::optional<std::string> HttpResponse::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (SameName(key, name)) return value;
  }
  return std::nullopt;
}

HttpClient::HttpClient(std::uint16_t port, std::chrono::milliseconds timeout)
    : port_(port), timeout_(timeout) {}

HttpClient::~HttpClient() { Close(); }

HttpClient::HttpClient(HttpClient&& other) noexcept
    : port_(other.port_),
      timeout_(other.timeout_),
      socket_(std::exchange(other.socket_, -1)),
      connections_(other.connections_),
      buffer_(std::move(other.buffer_)) {}

HttpClient& HttpClient::operator=(HttpClient&& other) noexcept {
  std::swap(port_, other.port_);
  std::swap(timeout_, other.timeout_);
  std::swap(socket_, other.socket_);
  std::swap(connections_, other.connections_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

void HttpClient::Close() {
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
  buffer_.clear();
}

void HttpClient::Open() {
  if (socket_ >= 0) return;
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const std::string why = std::strerror(errno);
    Close();
    Fail("connect to port " + std::to_string(port_) + ": " + why);
  }
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ++connections_;
}

void HttpClient::SendRaw(std::string_view bytes) {
  Open();
  const auto deadline = std::chrono::steady_clock::now() + timeout_;
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EPIPE || errno == ECONNRESET) return;
    if (errno != EAGAIN && errno != EINTR) Fail(std::string("send: ") + std::strerror(errno));
    pollfd wait{.fd = socket_, .events = POLLOUT, .revents = 0};
    if (poll(&wait, 1, MillisUntil(deadline)) == 0) Fail("the server does not take the request");
  }
}

void HttpClient::FinishSending() { shutdown(socket_, SHUT_WR); }

void HttpClient::WaitReadable(Deadline deadline) {
  pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = poll(&wait, 1, MillisUntil(deadline));
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) {
    Close();
    Fail("no answer within " + std::to_string(timeout_.count()) + " ms");
  }
}

bool HttpClient::Fill(Deadline deadline) {
  WaitReadable(deadline);
  char bytes[64 * 1024];
  const ssize_t got = recv(socket_, bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

std::string HttpClient::TakeLine(Deadline deadline) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n")) == std::string::npos) {
    if (!Fill(deadline)) {
      const std::string got = buffer_;
      Close();
      Fail("the connection ended before the answer did; got '" + got + "'");
    }
  }
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return line;
}

std::string HttpClient::TakeBytes(std::size_t count, Deadline deadline) {
  while (buffer_.size() < count) {
    if (!Fill(deadline)) {
      Close();
      Fail("the connection ended within the answer's body");
    }
  }
  std::string bytes = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return bytes;
}

std::string HttpClient::TakeChunks(Deadline deadline) {
  std::string body;
  for (;;) {
    const std::size_t size = std::stoul(TakeLine(deadline), nullptr, 16);
    body += TakeBytes(size, deadline);
    if (!TakeLine(deadline).empty()) Fail("a chunk that is longer than it says");
    if (size == 0) return body;
  }
}

HttpResponse HttpClient::ReadResponse() {
  Open();
  const auto deadline = std::chrono::steady_clock::now() + timeout_;
  const std::string first = TakeLine(deadline);
  if (first.size() < 12 || !first.starts_with("HTTP/1.")) Fail("not a status line: '" + first + "'");
  HttpResponse response;
  response.status = std::stoi(first.substr(9, 3));
  for (std::string line = TakeLine(deadline); !line.empty(); line = TakeLine(deadline)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) Fail("not a header: '" + line + "'");
    const std::size_t value = line.find_first_not_of(" \t", colon + 1);
    response.headers.emplace_back(line.substr(0, colon),
                                  value == std::string::npos ? "" : line.substr(value));
  }
  if (response.Header("Transfer-Encoding") == "chunked") {
    response.body = TakeChunks(deadline);
  } else if (const auto length = response.Header("Content-Length")) {
    response.body = TakeBytes(std::stoul(*length), deadline);
  }
  if (const auto header = response.Header("Connection"); header && SameName(*header, "close")) {
    Close();
  }
  return response;
}

HttpResponse HttpClient::Request(std::string_view method, std::string_view path,
                                 std::string_view body, const HttpHeaders& headers) {
  if (ClosedByServer()) Close();
  std::string bytes;
  bytes.append(method).append(" ").append(path).append(" HTTP/1.1\r\n");
  if (!Has(headers, "Host")) bytes += "Host: 127.0.0.1:" + std::to_string(port_) + "\r\n";
  for (const auto& [name, value] : headers) bytes += name + ": " + value + "\r\n";
  if (!Has(headers, "Content-Length") && (!body.empty() || method == "POST")) {
    bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  bytes.append("\r\n").append(body);
  SendRaw(bytes);
  return ReadResponse();
}

bool HttpClient::ClosedByServer() {
  if (socket_ < 0) return false;
  char byte = 0;
  const ssize_t got = recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

bool HttpClient::WaitForClose(std::chrono::milliseconds within) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  while (socket_ >= 0) {
    pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
    if (poll(&wait, 1, MillisUntil(deadline)) == 0) return false;
    char bytes[4096];
    if (recv(socket_, bytes, sizeof bytes, 0) <= 0) Close();
  }
  return true;
}

}  // namespace kalam::test
