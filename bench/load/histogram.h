#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace kalam::bench {

// Counts latencies in nanoseconds with less than 0.8 % error at any size, in 35 KB and without
// allocating: log-linear buckets as in HdrHistogram. One thread records; merge to combine threads.
//
//   value < 256:   one bucket per nanosecond
//   value >= 256:  128 buckets per power of two
class LatencyHistogram {
 public:
  void Record(std::uint64_t nanoseconds);
  void Merge(const LatencyHistogram& other);

  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }  // exact
  double mean() const;                        // exact; 0 when empty

  // The smallest bucket bound that at least `fraction` (0..1) of the values don't exceed; never
  // above max(). 0 when empty.
  std::uint64_t Quantile(double fraction) const;

 private:
  static constexpr int kSubBucketBits = 7;
  static constexpr int kMaxBits = 40;  // 2^40 ns = 18 minutes; longer values share the last bucket
  static constexpr std::size_t kBuckets =
      static_cast<std::size_t>(kMaxBits - kSubBucketBits + 1) << kSubBucketBits;

  static std::size_t BucketOf(std::uint64_t value);
  static std::uint64_t UpperBound(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace kalam::bench
