#include "kalam/subscription.h"

#include "subscription_worker.h"

#include <utility>

namespace kalam {
inline namespace link_v1 {

const char* ToString(ChangeEvent::Kind kind) {
  switch (kind) {
    case ChangeEvent::Kind::kAck:
      return "ACK";
    case ChangeEvent::Kind::kInitialData:
      return "SNAPSHOT";
    case ChangeEvent::Kind::kInsert:
      return "INSERT";
    case ChangeEvent::Kind::kUpdate:
      return "UPDATE";
    case ChangeEvent::Kind::kDelete:
      return "DELETE";
    case ChangeEvent::Kind::kResync:
      return "RESYNC";
    case ChangeEvent::Kind::kConnectionLost:
      return "CONNECTION LOST";
    case ChangeEvent::Kind::kResumed:
      return "RESUMED";
    case ChangeEvent::Kind::kError:
      return "ERROR";
  }
  return "?";
}

Subscription::Subscription(std::unique_ptr<Worker> worker) : worker_(std::move(worker)) {}
Subscription::Subscription(Subscription&&) noexcept = default;
Subscription& Subscription::operator=(Subscription&&) noexcept = default;
Subscription::~Subscription() = default;

const std::string& Subscription::id() const { return worker_->id(); }

std::optional<ChangeEvent> Subscription::Next() { return worker_->Next(std::nullopt); }

std::optional<ChangeEvent> Subscription::Next(std::chrono::milliseconds within) {
  return worker_->Next(std::chrono::steady_clock::now() + within);
}

void Subscription::Close() { worker_->Close(); }

std::size_t Subscription::queued() const { return worker_->queued(); }

bool Subscription::is_active() const { return worker_->is_active(); }

}  // namespace link_v1
}  // namespace kalam
