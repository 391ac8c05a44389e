#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "auth/guess_guard.h"
#include "auth/identity.h"
#include "base/worker_pool.h"
#include "catalog/catalog.h"

namespace kalam::api {

// Checks user names and passwords for the login endpoint and for HTTP Basic. Hashing takes 15 ms and 19 MiB, so it
// runs on a thread of its own, one at a time, from a bounded queue: a flood of logins costs nobody else anything.
// Whoever guesses, by account or by address, must wait longer and longer. Thread-safe.
class PasswordCheck {
 public:
  // `catalog` must outlive it.
  explicit PasswordCheck(const catalog::Catalog& catalog);

  // The user the password belongs to, or why not.
  using Answer = std::variant<catalog::UserPtr, auth::AuthFailure>;
  using Done = std::function<void(Answer answer)>;

  // Calls `done` once, at once on this thread (must wait, queue full) or later on the hashing thread. `peer`: the
  // client's address.
  void Start(std::string_view peer, std::string user, std::string password, Done done);

 private:
  Answer Check(const std::string& peer, const std::string& user, const std::string& password);

  const catalog::Catalog& catalog_;
  auth::GuessGuard accounts_;
  auth::GuessGuard addresses_;
  WorkerPool hashing_;  // last: its tasks use the others
};

}  // namespace kalam::api
