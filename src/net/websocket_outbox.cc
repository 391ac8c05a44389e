#include "websocket_outbox.h"

#include "event_loop_impl.h"
#include "websocket_connection.h"

#include <algorithm>
#include <iterator>

namespace kalam::net {
namespace {

// Writes at the end of one round; the rest wait for the next, behind whatever else is ready then. A
// write takes a few microseconds, so a fan-out to 10,000 does not keep a request waiting for 50 ms.
constexpr std::size_t kMaxFlushesPerRound = 256;

// A burst's memory is given back.
constexpr std::size_t kKeptEntries = 1024;

template <typename List>
void ClearAndShrink(List& list) {
  list.clear();
  if (list.capacity() > kKeptEntries) List().swap(list);
}

}  // namespace

void WebSocketOutbox::Put(Delivery delivery) {
  {
    std::lock_guard lock(mutex_);
    put_.push_back(std::move(delivery));
    if (full_.exchange(true)) return;
  }
  WakeUp();
}

void WebSocketOutbox::PutAll(std::vector<Delivery>&& deliveries) {
  if (deliveries.empty()) return;
  {
    std::lock_guard lock(mutex_);
    if (put_.empty()) {
      put_.swap(deliveries);
    } else {
      put_.insert(put_.end(), std::make_move_iterator(deliveries.begin()),
                  std::make_move_iterator(deliveries.end()));
    }
    if (full_.exchange(true)) return;
  }
  WakeUp();
}

void WebSocketOutbox::WakeUp() {
  loop_.Post([self = shared_from_this()] { self->Take(); });
}

void WebSocketOutbox::Take() {
  if (!full_.load(std::memory_order_acquire)) return;
  {
    std::lock_guard lock(mutex_);
    taken_.swap(put_);
    full_.store(false, std::memory_order_relaxed);
  }
  for (Delivery& delivery : taken_) delivery.to->Enqueue(std::move(delivery.frame));
  ClearAndShrink(taken_);
}

void WebSocketOutbox::FlushLater(std::shared_ptr<WebSocketConnection> connection) {
  if (unflushed_.empty()) {
    loop_.impl().AtRoundEnd([self = shared_from_this()] { self->FlushSome(); });
  }
  unflushed_.push_back(std::move(connection));
}

void WebSocketOutbox::FlushSome() {
  const std::size_t end = std::min(unflushed_.size(), flushed_ + kMaxFlushesPerRound);
  while (flushed_ < end) std::exchange(unflushed_[flushed_++], nullptr)->FlushNow();
  if (flushed_ < unflushed_.size()) {
    loop_.impl().AtRoundEnd([self = shared_from_this()] { self->FlushSome(); });
    return;
  }
  flushed_ = 0;
  ClearAndShrink(unflushed_);
}

}  // namespace kalam::net
