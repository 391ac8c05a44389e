#include "password_check.h"

#include <algorithm>
#include <memory>

#include "auth/password.h"

namespace kalam::api {
namespace {

constexpr std::size_t kQueuedChecks = 256;  // about four seconds of work
// One byte more than any user id and any password have.
constexpr std::size_t kMaxUserBytes = 64 + 1;
constexpr std::size_t kMaxPasswordBytes = 1024 + 1;

using std::chrono::steady_clock;

// From one address come many users of an office, so it may fail more often than one account.
constexpr int kFreeFailuresOfAnAddress = 50;

auth::AuthFailure MustWait(std::chrono::seconds wait) {
  return {.http_status = 429,
          .code = "TOO_MANY_ATTEMPTS",
          .message = "Too many failed attempts. Try again in " + std::to_string(wait.count()) + " seconds.",
          .retry_after = wait};
}

}  // namespace

PasswordCheck::PasswordCheck(const catalog::Catalog& catalog)
    : catalog_(catalog),
      accounts_(auth::GuessGuard::Options{}),
      addresses_({.free_failures = kFreeFailuresOfAnAddress}),
      hashing_(1, kQueuedChecks) {}

void PasswordCheck::Start(std::string_view peer, std::string user, std::string password, Done done) {
  // What waits and what is remembered is bounded; neither is anybody's when cut.
  user.resize(std::min(user.size(), kMaxUserBytes));
  password.resize(std::min(password.size(), kMaxPasswordBytes));
  const auto now = steady_clock::now();
  const auto wait = std::max(accounts_.WaitFor(user, now), addresses_.WaitFor(peer, now));
  if (wait.count() > 0) return done(MustWait(wait));
  auto shared = std::make_shared<Done>(std::move(done));
  const bool queued = hashing_.TryPost([this, peer = std::string(peer), user = std::move(user),
                                        password = std::move(password),
                                        shared] { (*shared)(Check(peer, user, password)); });
  if (!queued) {
    (*shared)(auth::AuthFailure{.http_status = 503,
                                .code = "UNAVAILABLE",
                                .message = "Too many logins at once. Try again.",
                                .retry_after = std::chrono::seconds(1)});
  }
}

PasswordCheck::Answer PasswordCheck::Check(const std::string& peer, const std::string& user,
                                           const std::string& password) {
  // What piled up behind a failure waits, too.
  const auto before = steady_clock::now();
  const auto wait = std::max(accounts_.WaitFor(user, before), addresses_.WaitFor(peer, before));
  if (wait.count() > 0) return MustWait(wait);
  const catalog::UserPtr row = catalog_.FindUser(user);
  const bool can_log_in = row && !row->deleted_at && row->password_hash;
  const bool same = auth::VerifyPassword(password, can_log_in ? *row->password_hash : std::string());
  if (can_log_in && same) {
    accounts_.Succeeded(user);
    return row;
  }
  const auto now = steady_clock::now();
  accounts_.Failed(user, now);
  addresses_.Failed(peer, now);
  return auth::AuthFailure{.http_status = 401, .code = "INVALID_CREDENTIALS", .message = "Invalid user or password"};
}

}  // namespace kalam::api
