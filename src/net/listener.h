#pragma once

#include "base/result.h"
#include "connection_set.h"
#include "event_loop_impl.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

namespace kalam::net {

// The listening socket, on one loop. Bind may run on any thread before Accept; the rest on the
// loop.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  // Takes a connected, non-blocking socket.
  using Deal = std::function<void(int fd, Peer peer)>;

  explicit Listener(EventLoop& loop) : loop_(loop) {}
  ~Listener();

  Status Bind(const std::string& host, std::uint16_t port);
  std::uint16_t port() const { return port_; }

  void Accept(Deal deal);
  void Close();

 private:
  void WaitForClients();
  void AcceptClients();
  void PauseAccepting();

  EventLoop& loop_;
  int fd_ = -1;  // until Accept gives it to socket_
  std::uint16_t port_ = 0;
  bool is_loopback_ = false;  // reached from within the machine only
  Deal deal_;
  std::optional<boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>>
      socket_;
  std::optional<boost::asio::basic_waitable_timer<
      std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
      boost::asio::io_context::executor_type>>
      pause_;
};

}  // namespace kalam::net
