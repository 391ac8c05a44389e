#include "support/tcp_proxy.h"

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kalam::test {
namespace {

// How soon a thread sees what it was told.
constexpr int kPollMillis = 5;

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

void Reset(int socket) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  ::close(socket);
}

bool SendAll(int socket, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(socket, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

}  // namespace

TcpProxy::TcpProxy(std::uint16_t target) : target_(target) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("the proxy can't listen");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

TcpProxy::~TcpProxy() {
  stopping_ = true;
  acceptor_.join();
  Drop();
  for (const auto& link : links_) link->thread.join();
  ::close(listener_);
}

void TcpProxy::Drop() {
  const std::lock_guard lock(mutex_);
  for (const auto& link : links_) link->reset = true;
}

void TcpProxy::Freeze() {
  frozen_ = true;
  const std::lock_guard lock(mutex_);
  for (const auto& link : links_) {
    while (!link->still && !link->over) ::usleep(kPollMillis * 1'000);
  }
}

void TcpProxy::Accept() {
  while (!stopping_) {
    pollfd ready{.fd = listener_, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, kPollMillis) <= 0) continue;
    auto link = std::make_unique<Link>();
    link->client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (link->client < 0) continue;
    ++accepted_;
    link->server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = Loopback(target_);
    if (::connect(link->server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
        0) {
      Reset(link->client);
      ::close(link->server);
      continue;
    }
    const std::lock_guard lock(mutex_);
    std::erase_if(links_, [](const auto& old) {
      if (!old->over) return false;
      old->thread.join();
      return true;
    });
    links_.push_back(std::move(link));
    links_.back()->thread = std::thread([this, one = links_.back().get()] { Carry(*one); });
  }
}

void TcpProxy::Carry(Link& link) {
  char bytes[16 << 10];
  std::size_t to_client = 0;
  bool open = true;
  while (open && !link.reset) {
    link.still = frozen_.load();
    if (link.still) {
      ::usleep(kPollMillis * 1'000);
      continue;
    }
    pollfd ready[] = {{.fd = link.client, .events = POLLIN, .revents = 0},
                      {.fd = link.server, .events = POLLIN, .revents = 0}};
    if (::poll(ready, 2, kPollMillis) <= 0) continue;
    for (int side = 0; side < 2 && open; ++side) {
      if (ready[side].revents == 0) continue;
      const ssize_t got = ::recv(ready[side].fd, bytes, sizeof(bytes), MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) continue;
      open = got > 0;
      if (!open) break;
      auto size = static_cast<std::size_t>(got);
      if (side == 1 && cut_after_ > 0) {
        const std::size_t room = cut_after_ > to_client ? cut_after_ - to_client : 0;
        if (size >= room) link.reset = true;
        size = std::min(size, room);
      }
      open = SendAll(side == 0 ? link.server : link.client, bytes, size);
      if (side == 1) to_client += size;
    }
  }
  if (link.reset) {
    Reset(link.client);
    Reset(link.server);
  } else {
    ::close(link.client);
    ::close(link.server);
  }
  link.over = true;
}

}  // namespace kalam::test
