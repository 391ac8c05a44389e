#include "kalam/cancellation.h"

#include "cancellation_state.h"

namespace kalam {
inline namespace link_v1 {

Cancellation::Cancellation() : state_(std::make_shared<CancellationState>()) {}

void Cancellation::Cancel() const {
  {
    const std::lock_guard lock(state_->mutex);
    state_->cancelled = true;
    if (state_->at_work != nullptr) state_->at_work->Interrupt();
  }
  state_->changed.notify_all();
}

bool Cancellation::cancelled() const { return state_->IsCancelled(); }

}  // namespace link_v1
}  // namespace kalam
