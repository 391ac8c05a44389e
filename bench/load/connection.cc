#include "connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace kalam::bench {
namespace {

// Holds a whole answer of every workload, so that one recv takes what one request brought.
constexpr std::size_t kBufferBytes = 32 * 1024;

}  // namespace

Error SystemError(std::string_view what) {
  return Error(ErrorCode::kIo, std::system_category().message(errno)).Context(what);
}

FileHandle::~FileHandle() {
  if (descriptor_ >= 0) close(descriptor_);
}

Result<FileHandle> FileHandle::Epoll() {
  FileHandle poll(epoll_create1(EPOLL_CLOEXEC));
  if (poll.get() < 0) return SystemError("epoll_create1");
  return poll;
}

Connection::Connection(FileHandle socket) : socket_(std::move(socket)), buffer_(kBufferBytes) {}

Result<Connection> Connection::Open(const std::string& host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    return Error(ErrorCode::kInvalidArgument, "not an IPv4 address: " + host);
  }
  FileHandle socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return SystemError("socket");
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return SystemError("connect to " + host + ":" + std::to_string(port));
  }
  const int on = 1;
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (fcntl(socket.get(), F_SETFL, O_NONBLOCK) != 0) return SystemError("fcntl");
  return Connection(std::move(socket));
}

Status Connection::Send() {
  while (sending()) {
    const ssize_t sent = send(socket_.get(), outgoing_.data() + sent_bytes_,
                              outgoing_.size() - sent_bytes_, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return {};
    if (sent < 0) return SystemError("send");
    sent_bytes_ += static_cast<std::size_t>(sent);
  }
  return {};
}

Status Connection::Receive() {
  if (end_ == buffer_.size()) buffer_.resize(2 * buffer_.size());
  const ssize_t got = recv(socket_.get(), buffer_.data() + end_, buffer_.size() - end_, 0);
  if (got == 0) return Error(ErrorCode::kUnavailable, "the server closed a connection");
  if (got < 0 && errno != EAGAIN && errno != EINTR) return SystemError("recv");
  if (got > 0) end_ += static_cast<std::size_t>(got);
  return {};
}

void Connection::Consume(std::size_t bytes) {
  begin_ += bytes;
  if (begin_ == end_) begin_ = end_ = 0;
}

}  // namespace kalam::bench
