#include "listener.h"

#include "base/log.h"
#include "port_owner.h"

#include <cerrno>
#include <system_error>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kalam::net {
namespace {

constexpr int kBacklog = 4096;

// Accepted in one go; more waits for the loop's other connections to have their turn.
constexpr int kAcceptBatch = 64;

// How long to leave new clients waiting when file descriptors or memory have run out.
constexpr std::chrono::milliseconds kPause{100};

std::string ErrorText(int error) { return std::generic_category().message(error); }

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

// What `host` stands for; IPv4 first, as 'localhost' is expected to mean 127.0.0.1.
Result<std::vector<const addrinfo*>> Resolve(const std::string& host, std::uint16_t port,
                                             Addresses& owner) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (error != 0) return Error(ErrorCode::kIo, gai_strerror(error));
  owner.reset(list);
  std::vector<const addrinfo*> found;
  for (const int family : {AF_INET, AF_INET6}) {
    for (const addrinfo* a = list; a != nullptr; a = a->ai_next) {
      if (a->ai_family == family) found.push_back(a);
    }
  }
  if (found.empty()) return Error(ErrorCode::kIo, "no such address");
  return found;
}

// A listening socket, or -1 and errno.
int OpenListening(const addrinfo& address) {
  const int fd = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  // Restarting must not wait for the last run's connections to leave TIME_WAIT.
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
  if (::bind(fd, address.ai_addr, address.ai_addrlen) == 0 && ::listen(fd, kBacklog) == 0) {
    return fd;
  }
  const int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

Error BindError(const std::string& host, std::uint16_t port, int error) {
  if (error != EADDRINUSE) {
    return Error(ErrorCode::kIo, "cannot listen on port " + std::to_string(port) + " on " + host +
                                     ": " + ErrorText(error));
  }
  const auto owner = FindPortOwner(port);
  return Error(ErrorCode::kIo, "port " + std::to_string(port) + " on " + host +
                                   " is already in use" + (owner ? " by " + *owner : ""));
}

Peer ReadPeer(const sockaddr_storage& from) {
  Peer peer;
  char text[INET6_ADDRSTRLEN] = "";
  in_addr v4{};
  bool is_v4 = from.ss_family == AF_INET;
  if (is_v4) {
    v4 = reinterpret_cast<const sockaddr_in&>(from).sin_addr;
  } else {
    const in6_addr& v6 = reinterpret_cast<const sockaddr_in6&>(from).sin6_addr;
    is_v4 = IN6_IS_ADDR_V4MAPPED(&v6);
    if (is_v4) __builtin_memcpy(&v4, v6.s6_addr + 12, sizeof v4);
    peer.is_loopback = IN6_IS_ADDR_LOOPBACK(&v6);
    inet_ntop(AF_INET6, &v6, text, sizeof text);
  }
  if (is_v4) {
    peer.is_loopback = (ntohl(v4.s_addr) >> 24) == 127;
    inet_ntop(AF_INET, &v4, text, sizeof text);
  }
  peer.address = text;
  return peer;
}

// Within a machine no line can be congested, and BBR, which many systems have for a default, takes a fifth of a
// message's processor time for pacing it. A system without this algorithm keeps its own.
void UseSimpleCongestionControl(int fd) {
  static constexpr std::string_view kReno = "reno";
  setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, kReno.data(), kReno.size());
}

}  // namespace

Listener::~Listener() {
  if (fd_ >= 0) ::close(fd_);
}

Status Listener::Bind(const std::string& host, std::uint16_t port) {
  Addresses owner;
  KALAM_TRY_ASSIGN(const std::vector<const addrinfo*> addresses,
                   Resolve(host, port, owner)
                       .Context("cannot listen on port " + std::to_string(port) + " on " + host));
  // Only the first: half a name's addresses taken by another server is a mistake to be told of.
  fd_ = OpenListening(*addresses.front());
  if (fd_ < 0) return BindError(host, port, errno);

  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &size);
  is_loopback_ = ReadPeer(bound).is_loopback;
  // Accepted sockets inherit it, and have never been paced.
  if (is_loopback_) UseSimpleCongestionControl(fd_);
  port_ = ntohs(bound.ss_family == AF_INET ? reinterpret_cast<sockaddr_in&>(bound).sin_port
                                           : reinterpret_cast<sockaddr_in6&>(bound).sin6_port);
  return {};
}

void Listener::Accept(Deal deal) {
  if (fd_ < 0) return;  // closed before it started
  deal_ = std::move(deal);
  socket_.emplace(loop_.impl().io, std::exchange(fd_, -1));
  pause_.emplace(loop_.impl().io);
  WaitForClients();
}

void Listener::Close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  socket_.reset();
  pause_.reset();
}

void Listener::WaitForClients() {
  socket_->async_wait(boost::asio::posix::descriptor_base::wait_read,
                      [self = shared_from_this()](const boost::system::error_code&) {
                        if (self->socket_) self->AcceptClients();
                      });
}

void Listener::AcceptClients() {
  for (int accepted = 0; accepted < kAcceptBatch; ++accepted) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const int fd = ::accept4(socket_->native_handle(), reinterpret_cast<sockaddr*>(&from), &size,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      Peer peer = ReadPeer(from);
      if (peer.is_loopback && !is_loopback_) UseSimpleCongestionControl(fd);
      deal_(fd, std::move(peer));
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) break;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      return PauseAccepting();
    }
    // Anything else is the failure of one client that has gone again: go on with the next.
  }
  WaitForClients();
}

void Listener::PauseAccepting() {
  log::Warn("net", "cannot accept connections: " + ErrorText(errno));
  pause_->expires_after(kPause);
  pause_->async_wait([self = shared_from_this()](const boost::system::error_code&) {
    if (self->socket_) self->WaitForClients();
  });
}

}  // namespace kalam::net
