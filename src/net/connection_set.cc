#include "connection_set.h"

#include "http_connection.h"
#include "response_writer.h"
#include "websocket_outbox.h"

#include <ctime>

#include <unistd.h>

namespace kalam::net {

ServerShared::ServerShared(HttpServerOptions server_options, HttpHandler& request_handler)
    : options(std::move(server_options)),
      parser_limits{options.max_header_bytes, options.max_body_bytes, options.unique_headers},
      handler(request_handler) {}

std::string ServerShared::RefusalBody(int status, std::string_view message) const {
  return options.refusal_body ? options.refusal_body(status, message)
                              : PlainRefusalBody(status, message);
}

ConnectionSet::ConnectionSet(EventLoop& loop, std::shared_ptr<ServerShared> shared)
    : loop_(loop),
      shared_(std::move(shared)),
      scratch_(std::make_unique<std::array<char, 64 << 10>>()),
      outbox_(std::make_shared<WebSocketOutbox>(loop)),
      date_(HttpDate()) {}

ConnectionSet::~ConnectionSet() = default;

ConnectionSet::Clock::time_point ConnectionSet::Now() {
  // steady_clock is CLOCK_MONOTONIC; its coarse twin costs a memory read.
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return Clock::time_point(std::chrono::seconds(now.tv_sec) +
                           std::chrono::nanoseconds(now.tv_nsec));
}

void ConnectionSet::Start() {
  timer_.emplace(loop_.impl().io);
  ScheduleSweep();
}

void ConnectionSet::Adopt(int fd, Peer peer, bool too_many) {
  if (closed_ || draining_) {
    ::close(fd);
    shared_->connections.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  auto connection = std::make_shared<HttpConnection>(shared_from_this(), connections_.size(), fd,
                                                     std::move(peer));
  connections_.push_back(connection);
  connection->Start(too_many);
}

void ConnectionSet::Replace(std::size_t index, std::shared_ptr<Connection> with) {
  connections_[index] = std::move(with);
}

void ConnectionSet::Remove(Connection& connection) {
  if (connection.lingering()) --lingering_;
  const std::size_t index = connection.index();
  const auto keep_alive = std::move(connections_[index]);
  if (index + 1 != connections_.size()) {
    connections_[index] = std::move(connections_.back());
    connections_[index]->set_index(index);
  }
  connections_.pop_back();
  shared_->connections.fetch_sub(1, std::memory_order_relaxed);
  CheckDrained();
}

void ConnectionSet::ConnectionLingers() {
  ++lingering_;
  CheckDrained();
}

void ConnectionSet::BeginDrain() {
  draining_ = true;
  // Backwards: a closed connection's place is taken by the last one, which was looked at already.
  for (std::size_t i = connections_.size(); i-- > 0;) {
    if (i < connections_.size()) std::shared_ptr(connections_[i])->OnDrain();
  }
  CheckDrained();
}

void ConnectionSet::CloseAll() {
  closed_ = draining_ = true;
  timer_.reset();
  while (!connections_.empty()) std::shared_ptr(connections_.back())->CloseNow();
  CheckDrained();
}

void ConnectionSet::CheckDrained() {
  if (!draining_ || connections_.size() > lingering_) return;
  {
    std::lock_guard lock(shared_->mutex);
    drained_.store(true, std::memory_order_release);
  }
  shared_->a_set_drained.notify_all();
}

void ConnectionSet::ScheduleSweep() {
  timer_->expires_after(options().sweep_interval);
  timer_->async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
    if (ec || self->closed_) return;
    self->Sweep();
    if (!self->closed_) self->ScheduleSweep();
  });
}

void ConnectionSet::Sweep() {
  date_ = HttpDate();
  const auto now = Now();
  for (std::size_t i = connections_.size(); i-- > 0;) {
    if (i >= connections_.size()) continue;  // a callback ended more than one
    std::shared_ptr(connections_[i])->Sweep(now);
  }
}

}  // namespace kalam::net
