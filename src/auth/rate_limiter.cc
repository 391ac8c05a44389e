#include "auth/rate_limiter.h"

#include <algorithm>

namespace kalam::auth {

bool RateLimiter::Allow(std::string_view user, TimePoint now) {
  if (per_second_ <= 0) return true;
  auto it = buckets_.find(user);
  if (it == buckets_.end()) {
    if (buckets_.size() >= kMaxBuckets) ForgetFull(now);
    it = buckets_.emplace(std::string(user), Bucket{std::max(1.0, per_second_), now}).first;
  }
  Bucket& bucket = it->second;
  const double passed = std::chrono::duration<double>(now - bucket.last).count();
  bucket.tokens = std::min(std::max(1.0, per_second_), bucket.tokens + passed * per_second_);
  bucket.last = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

// A bucket is full again a second after its last request.
void RateLimiter::ForgetFull(TimePoint now) {
  std::erase_if(buckets_, [&](const auto& entry) {
    return now - entry.second.last >= std::chrono::seconds(1);
  });
  if (buckets_.size() >= kMaxBuckets) buckets_.clear();
}

}  // namespace kalam::auth
