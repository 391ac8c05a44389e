#include "auth/jwt.h"

#include <algorithm>

namespace kalam::auth {

TokenCache::TokenCache(const JwtVerifier& verifier, std::size_t capacity)
    : verifier_(verifier), capacity_(capacity) {}

std::variant<const Claims*, TokenFault> TokenCache::Verify(std::string_view token,
                                                           TimestampMicros now) {
  if (const auto found = by_token_.find(token); found != by_token_.end()) {
    const auto entry = found->second;
    if (const auto fault = verifier_.CheckTimes(entry->claims, now)) {
      by_token_.erase(found);
      entries_.erase(entry);
      return *fault;
    }
    entries_.splice(entries_.begin(), entries_, entry);
    return &entry->claims;
  }

  Verification checked = verifier_.Verify(token, now);
  if (const auto* fault = std::get_if<TokenFault>(&checked)) return *fault;
  entries_.push_front({std::string(token), std::get<Claims>(std::move(checked))});
  by_token_.emplace(entries_.front().token, entries_.begin());
  // The newest stays even at capacity 0: the caller reads its claims.
  if (entries_.size() > std::max<std::size_t>(capacity_, 1)) {
    by_token_.erase(entries_.back().token);
    entries_.pop_back();
  }
  return &entries_.front().claims;
}

}  // namespace kalam::auth
