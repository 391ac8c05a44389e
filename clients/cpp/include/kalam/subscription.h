#pragma once

#include "kalam/error.h"
#include "kalam/response.h"
#include "kalam/result.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace kalam {
inline namespace link_v1 {

// What a subscription tells. Applied in order, the events keep a copy of the result set up to date.
struct ChangeEvent {
  enum class Kind {
    kAck,          // the first event: the server has the subscription
    kInitialData,  // `rows` are in the result set; with `more`, further pieces follow
    kInsert,       // `rows`: one that is new in the result set
    kUpdate,       // `rows`: one as it is now, `old_rows`: as it was
    kDelete,  // `old_rows`: one that left the result set, `rows`: as it is now; `reason`: "deleted"
              // or "filter"
    kResync,  // forget all rows: kInitialData with the whole result set follows
    kConnectionLost,  // `error` says why (kWebSocket, kTimeout); it is being opened again, nothing is missed
    kResumed,         // after kConnectionLost: the stream goes on where it stopped
    kError,           // the last event: `error` says why the subscription is over
  };
  Kind kind = Kind::kAck;
  // Where the stream is after this event. Kept somewhere, SubscribeOptions::from_seq goes on from
  // here even in another process. Not with kConnectionLost and kError.
  std::uint64_t seq = 0;
  Rows rows = Rows();
  Rows old_rows = Rows();
  std::string reason;
  bool more = false;
  std::optional<Error> error;
};

// "INSERT", "UPDATE", ...
const char* ToString(ChangeEvent::Kind kind);

struct SubscribeOptions {
  // Without any of these three only changes from now on are told.
  std::uint32_t last_rows = 0;               // first the newest so many rows; 10,000 at most
  bool snapshot = false;                     // first the whole result set
  std::optional<std::uint64_t> from_seq;     // first what happened since, deletes included
  std::optional<std::uint32_t> buffer_size;  // the server's own buffer, in changes
  // How long a lost connection is left alone before it is opened again: this at first, doubled each
  // time, at most max_pause, each time half of it at random.
  bool reconnect = true;
  std::chrono::milliseconds first_pause{100};
  std::chrono::milliseconds max_pause{30'000};
  // A server that says nothing for so long, not even a ping, is taken for gone.
  std::chrono::milliseconds silence{15'000};
  // Events that nobody has taken yet. Beyond it the socket is not read: the server waits, and in
  // the end drops the connection, which is then resumed.
  std::size_t max_queued_bytes = std::size_t{16} << 20;
  // For those who wait for other things too: called, by the subscription's thread, whenever Next has something to give
  // (an event or the end). Must return at once, and not call the subscription.
  std::function<void()> ready = {};
};

// A live query: the changes of a SELECT's result set, exactly once and in order, as long as this
// lives. A lost connection, a server that restarts and a reader that was too slow are resumed at
// the last event that was received. Where the server's log does not reach back that far, kResync
// says so and everything comes anew.
//
// One thread of its own per subscription. Next is for one thread at a time, everything else for
// any. A moved-from subscription may only be destroyed or assigned to.
class Subscription {
 public:
  Subscription(Subscription&&) noexcept;
  Subscription& operator=(Subscription&&) noexcept;
  ~Subscription();  // as Close

  // The id that the server knows it by.
  const std::string& id() const;

  // Waits for the next event. nullopt after Close or after kError.
  std::optional<ChangeEvent> Next();
  // The same for so long at most; nullopt also when there was none: see is_active.
  std::optional<ChangeEvent> Next(std::chrono::milliseconds within);

  // Ends it: a Next that waits returns, events not yet taken are dropped. Returns when its thread
  // is gone, which takes a moment at most.
  void Close();

  // Events that nobody has taken yet.
  std::size_t queued() const;

  // False once Next has nothing more to give.
  bool is_active() const;

 private:
  friend class Client;
  class Worker;
  explicit Subscription(std::unique_ptr<Worker> worker);

  std::unique_ptr<Worker> worker_;
};

}  // namespace link_v1
}  // namespace kalam
