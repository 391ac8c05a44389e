#include "histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace kalam::bench {

void LatencyHistogram::Record(std::uint64_t nanoseconds) {
  ++buckets_[BucketOf(nanoseconds)];
  ++count_;
  max_ = std::max(max_, nanoseconds);
  sum_ += static_cast<double>(nanoseconds);
}

void LatencyHistogram::Merge(const LatencyHistogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

double LatencyHistogram::mean() const {
  return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

std::uint64_t LatencyHistogram::Quantile(double fraction) const {
  if (count_ == 0) return 0;
  const auto wanted = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return std::min(UpperBound(i), max_);
  }
  return max_;
}

// The top 8 bits of a value, and how far they were shifted down, name its bucket. The shift adds
// 128 and the top bits are 128..255, so that the ranges of neighbouring shifts join without a gap.
std::size_t LatencyHistogram::BucketOf(std::uint64_t value) {
  value = std::min(value, (std::uint64_t{1} << kMaxBits) - 1);
  const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - (kSubBucketBits + 1));
  return (static_cast<std::size_t>(shift) << kSubBucketBits) +
         static_cast<std::size_t>(value >> shift);
}

std::uint64_t LatencyHistogram::UpperBound(std::size_t bucket) {
  const std::size_t per_shift = std::size_t{1} << kSubBucketBits;
  const std::size_t shift = bucket < 2 * per_shift ? 0 : bucket / per_shift - 1;
  const std::uint64_t top_bits = bucket - shift * per_shift;
  return ((top_bits + 1) << shift) - 1;
}

}  // namespace kalam::bench
