#pragma once

#include <memory>

namespace kalam {
inline namespace link_v1 {

struct CancellationState;  // the library's own

// Ends a call that another thread is waiting for. The connection is closed, upon which the server stops the work.
//
// Copies are the same cancellation. Thread-safe. It stays cancelled: make a new one for the next call.
class Cancellation {
 public:
  Cancellation();

  // The call that runs, and each later one with this, fails with ErrorKind::kCancelled.
  void Cancel() const;
  bool cancelled() const;

 private:
  friend class Client;
  std::shared_ptr<CancellationState> state_;
};

}  // namespace link_v1
}  // namespace kalam
