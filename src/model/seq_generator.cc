#include "model/seq_generator.h"

#include <algorithm>

namespace kalam {

SeqGenerator::SeqGenerator(const Clock& clock, int node, Seq floor)
    : clock_(clock), node_(node), last_(Contract(floor)) {}

Seq SeqGenerator::Reserve(std::uint32_t count) {
  const std::int64_t millis = clock_.NowMicros() / 1000 - kEpochMillis;
  const std::uint64_t now = static_cast<std::uint64_t>(std::max<std::int64_t>(millis, 0))
                            << kCounterBits;
  std::uint64_t last = last_.load(std::memory_order_relaxed);
  std::uint64_t first;
  do {
    first = std::max(last + 1, now);
  } while (!last_.compare_exchange_weak(last, first + count - 1, std::memory_order_relaxed));
  return Expand(first);
}

TimestampMicros SeqGenerator::TimeOf(Seq seq) {
  return (static_cast<std::int64_t>(seq.value() >> (kNodeBits + kCounterBits)) + kEpochMillis) * 1000;
}

}  // namespace kalam
