#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace kalam::auth {

// At most so many requests a second for each user, in bursts of up to one second's worth (a token bucket). Belongs
// to one thread. Users who have not been seen for a while cost nothing: a full bucket is the same as none.
class RateLimiter {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  // `per_second` 0: no limit.
  explicit RateLimiter(std::uint64_t per_second) : per_second_(static_cast<double>(per_second)) {}

  // Takes one request's worth; false when there is none left.
  bool Allow(std::string_view user, TimePoint now);

 private:
  static constexpr std::size_t kMaxBuckets = 100'000;
  struct Bucket {
    double tokens;
    TimePoint last;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  void ForgetFull(TimePoint now);

  const double per_second_;
  std::unordered_map<std::string, Bucket, Hash, std::equal_to<>> buckets_;
};

}  // namespace kalam::auth
