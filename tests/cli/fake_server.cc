#include "fake_server.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kalam::test {

namespace {

int ListenOnFreePort(std::uint16_t* port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener, 16) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("cannot listen on 127.0.0.1");
  }
  *port = ntohs(address.sin_port);
  return listener;
}

FakeRequest ParseHead(const std::string& head) {
  FakeRequest request;
  std::size_t at = head.find("\r\n");
  request.start_line = head.substr(0, at);
  while (at + 2 < head.size()) {
    const std::size_t end = head.find("\r\n", at + 2);
    const std::string line = head.substr(at + 2, end - at - 2);
    const std::size_t colon = line.find(": ");
    std::string name = line.substr(0, colon);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (colon != std::string::npos) request.headers[name] = line.substr(colon + 2);
    at = end;
  }
  return request;
}

}  // namespace

FakeServer::FakeServer(Handler handler)
    : handler_(std::move(handler)),
      listener_(ListenOnFreePort(&port_)),
      thread_([this] { Serve(); }) {}

FakeServer::~FakeServer() {
  stopping_ = true;
  thread_.join();
  close(listener_);
}

std::vector<FakeRequest> FakeServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void FakeServer::Serve() {
  while (!stopping_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (poll(&waiting, 1, 10) <= 0) continue;
    const int connection = accept(listener_, nullptr, nullptr);
    if (connection < 0) continue;
    ++connections_;
    ServeConnection(connection);
    close(connection);
  }
}

void FakeServer::ServeConnection(int connection) {
  std::string data;
  char piece[65536];
  while (!stopping_) {
    pollfd waiting{connection, POLLIN, 0};
    if (poll(&waiting, 1, 10) <= 0) continue;
    const ssize_t got = recv(connection, piece, sizeof(piece), 0);
    if (got <= 0) return;
    data.append(piece, static_cast<std::size_t>(got));
    const std::size_t head_end = data.find("\r\n\r\n");
    if (head_end == std::string::npos) continue;
    FakeRequest request = ParseHead(data.substr(0, head_end + 2));
    const auto length = request.headers.find("content-length");
    const std::size_t body_size = length == request.headers.end() ? 0 : std::stoul(length->second);
    if (data.size() < head_end + 4 + body_size) continue;
    request.body = data.substr(head_end + 4, body_size);
    data.erase(0, head_end + 4 + body_size);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const std::string answer = handler_(request);
    if (answer == kSilent) continue;
    send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
    if (answer.empty() || answer.find("Connection: close") != std::string::npos) return;
  }
}

std::string HttpAnswerText(int status, const std::string& body, bool close) {
  return "HTTP/1.1 " + std::to_string(status) + " Whatever\r\nContent-Type: application/json\r\n" +
         (close ? "Connection: close\r\n" : "") + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

std::uint16_t UnusedPort() {
  std::uint16_t port = 0;
  close(ListenOnFreePort(&port));
  return port;
}

}  // namespace kalam::test
