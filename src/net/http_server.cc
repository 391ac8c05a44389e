#include "net/http_server.h"

#include "base/check.h"
#include "connection_set.h"
#include "listener.h"
#include "net/event_loop.h"

#include <algorithm>

#include <unistd.h>

namespace kalam::net {
namespace {

// Connections beyond the limit that are told so at the same time; beyond these, they are just
// closed.
constexpr std::size_t kMaxTurnedAway = 256;

}  // namespace

// The loops may hold it a little longer than the server: a socket that was accepted is on its way
// to its loop as a posted task.
class HttpServer::Impl : public std::enable_shared_from_this<HttpServer::Impl> {
 public:
  Impl(EventLoopGroup& loops, HttpServerOptions options, HttpHandler& handler)
      : loops_(loops),
        shared_(std::make_shared<ServerShared>(std::move(options), handler)),
        listener_(std::make_shared<Listener>(loops.loop(0))) {
    for (std::size_t i = 0; i < loops.size(); ++i) {
      sets_.push_back(std::make_shared<ConnectionSet>(loops.loop(i), shared_));
    }
  }

  Status Listen(const std::string& host, std::uint16_t port) { return listener_->Bind(host, port); }
  std::uint16_t port() const { return listener_->port(); }
  std::size_t connection_count() const { return shared_->connections.load(); }

  void Start() {
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      OnLoop(i, [&] { sets_[i]->Start(); });
    }
    OnLoop(0, [this] {
      listener_->Accept([impl = weak_from_this()](int fd, Peer peer) {
        if (const auto self = impl.lock()) return self->Deal(fd, std::move(peer));
        ::close(fd);
      });
    });
  }

  void StopAccepting() {
    OnLoop(0, [this] { listener_->Close(); });
  }

  bool Drain(std::chrono::milliseconds timeout) {
    StopAccepting();
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      OnLoop(i, [&] { sets_[i]->BeginDrain(); });
    }
    std::unique_lock lock(shared_->mutex);
    return shared_->a_set_drained.wait_for(lock, timeout, [this] {
      return std::all_of(sets_.begin(), sets_.end(),
                         [](const auto& set) { return set->drained(); });
    });
  }

  void CloseAll() {
    StopAccepting();
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      OnLoop(i, [&] { sets_[i]->CloseAll(); });
    }
  }

 private:
  void OnLoop(std::size_t index, const std::function<void()>& task) {
    loops_.loop(index).impl().RunAndWait(task);
  }

  void Deal(int fd, Peer peer) {
    const std::size_t limit = shared_->options.max_connections;
    const std::size_t open = shared_->connections.fetch_add(1, std::memory_order_relaxed);
    const std::size_t index = next_++ % sets_.size();
    const bool adopted = open < limit + kMaxTurnedAway &&
                         loops_.loop(index).Post([set = sets_[index], fd, peer, open, limit] {
                           set->Adopt(fd, peer, open >= limit);
                         });
    if (adopted) return;
    ::close(fd);
    shared_->connections.fetch_sub(1, std::memory_order_relaxed);
  }

  EventLoopGroup& loops_;
  const std::shared_ptr<ServerShared> shared_;
  const std::shared_ptr<Listener> listener_;
  std::vector<std::shared_ptr<ConnectionSet>> sets_;  // one per loop
  std::size_t next_ = 0;                              // on the listener's loop
};

HttpServer::HttpServer(EventLoopGroup& loops, HttpServerOptions options, HttpHandler& handler)
    : impl_(std::make_shared<Impl>(loops, std::move(options), handler)) {}

HttpServer::~HttpServer() { impl_->CloseAll(); }

Status HttpServer::Listen(const std::string& host, std::uint16_t port) {
  return impl_->Listen(host, port);
}
std::uint16_t HttpServer::port() const { return impl_->port(); }
void HttpServer::Start() { impl_->Start(); }
void HttpServer::StopAccepting() { impl_->StopAccepting(); }
bool HttpServer::Drain(std::chrono::milliseconds timeout) { return impl_->Drain(timeout); }
std::size_t HttpServer::connection_count() const { return impl_->connection_count(); }

}  // namespace kalam::net
