#pragma once

#include "http_connection.h"
#include "kalam/cancellation.h"

#include <condition_variable>
#include <mutex>

namespace kalam {
inline namespace link_v1 {

// What the copies of a Cancellation share with the call they can end.
struct CancellationState {
  std::mutex mutex;
  std::condition_variable changed;
  bool cancelled = false;            // guarded by mutex, as below
  HttpConnection* at_work = nullptr;  // what a call is waiting for

  bool IsCancelled() {
    const std::lock_guard lock(mutex);
    return cancelled;
  }

  // Makes a connection the one to interrupt, for as long as this lives. Cancelled already: interrupts it at once.
  class AtWork {
   public:
    AtWork(CancellationState* state, HttpConnection* connection) : state_(state) {
      if (state_ == nullptr) return;
      const std::lock_guard lock(state_->mutex);
      state_->at_work = connection;
      if (state_->cancelled) connection->Interrupt();
    }
    ~AtWork() {
      if (state_ == nullptr) return;
      const std::lock_guard lock(state_->mutex);
      state_->at_work = nullptr;
    }
    AtWork(const AtWork&) = delete;
    AtWork& operator=(const AtWork&) = delete;

   private:
    CancellationState* const state_;
  };
};

}  // namespace link_v1
}  // namespace kalam
