#include "histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace kalam::bench {
namespace {

TEST(LatencyHistogram, AnswersZeroWhenNothingWasRecorded) {
  const LatencyHistogram empty;
  EXPECT_EQ(empty.count(), 0U);
  EXPECT_EQ(empty.Quantile(0.99), 0U);
  EXPECT_EQ(empty.mean(), 0);
}

TEST(LatencyHistogram, KeepsSmallValuesExactly) {
  LatencyHistogram histogram;
  for (std::uint64_t value = 1; value <= 200; ++value) histogram.Record(value);
  EXPECT_EQ(histogram.Quantile(0.5), 100U);
  EXPECT_EQ(histogram.Quantile(0.99), 198U);
  EXPECT_EQ(histogram.Quantile(1), 200U);
  EXPECT_DOUBLE_EQ(histogram.mean(), 100.5);
}

TEST(LatencyHistogram, StaysWithinOnePercentOfSortedValues) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  LatencyHistogram histogram;
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 50'000; ++i) {
    values.push_back(random() >> (28 + random() % 36));  // 0 to 68 s, every magnitude
    histogram.Record(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double fraction : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(fraction * static_cast<double>(values.size()));
    const std::uint64_t exact = values[std::max<std::size_t>(rank, 1) - 1];
    EXPECT_GE(histogram.Quantile(fraction), exact) << fraction;
    EXPECT_LE(static_cast<double>(histogram.Quantile(fraction)),
              static_cast<double>(exact) * 1.008 + 1)
        << fraction;
  }
}

TEST(LatencyHistogram, MergingEqualsRecordingInOne) {
  LatencyHistogram first;
  LatencyHistogram second;
  LatencyHistogram both;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    (i % 2 == 0 ? first : second).Record(i * i);
    both.Record(i * i);
  }
  first.Merge(second);
  EXPECT_EQ(first.count(), both.count());
  EXPECT_EQ(first.max(), both.max());
  for (const double fraction : {0.1, 0.5, 0.99}) {
    EXPECT_EQ(first.Quantile(fraction), both.Quantile(fraction));
  }
}

TEST(LatencyHistogram, TakesValuesBeyondItsRange) {
  LatencyHistogram histogram;
  histogram.Record(std::uint64_t{1} << 60);
  EXPECT_EQ(histogram.count(), 1U);
  EXPECT_EQ(histogram.max(), std::uint64_t{1} << 60);
}

}  // namespace
}  // namespace kalam::bench
