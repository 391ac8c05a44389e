#pragma once

#include "net/websocket_frame.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace kalam::net {

class EventLoop;
class WebSocketConnection;

// The way out for the WebSockets of one server on one loop. Takes frames from any thread, with one
// wake-up for all that come before the loop gets to them, and lets each connection write once at the
// end of a round, so that the frames of a round become one write.
class WebSocketOutbox : public std::enable_shared_from_this<WebSocketOutbox> {
 public:
  struct Delivery {
    std::shared_ptr<WebSocketConnection> to;
    FramePtr frame;
  };

  explicit WebSocketOutbox(EventLoop& loop) : loop_(loop) {}

  // From any thread. What a stopped loop no longer takes is dropped with its connections.
  void Put(Delivery delivery);
  void PutAll(std::vector<Delivery>&& deliveries);

  // On the loop: queues with its connection whatever was put so far. Connections call it before they
  // queue a frame of their own, which keeps the order across threads.
  void Take();

  // On the loop: `connection` has something to write.
  void FlushLater(std::shared_ptr<WebSocketConnection> connection);

 private:
  void WakeUp();
  void FlushSome();

  EventLoop& loop_;
  std::mutex mutex_;                 // guards put_
  std::vector<Delivery> put_;        // not yet taken
  std::atomic<bool> full_{false};    // put_ is not empty, and the loop knows or will
  std::vector<Delivery> taken_;      // on the loop; empty but for its capacity between calls
  std::vector<std::shared_ptr<WebSocketConnection>> unflushed_;  // on the loop
  std::size_t flushed_ = 0;          // of these
};

}  // namespace kalam::net
