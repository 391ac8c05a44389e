#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"
#include "model/ids.h"

namespace kalam {

// The one source of `_seq` and SNOWFLAKE_ID values of a process: strictly increasing whatever the clock
// does. More than 4,096 in a millisecond run ahead of the clock instead of waiting; a clock that steps
// back is ignored until it catches up. Across restarts the owner passes a floor that is above everything
// ever handed out (see table::Committer). Thread-safe.
class SeqGenerator {
 public:
  static constexpr std::int64_t kEpochMillis = 1'704'067'200'000;  // 2024-01-01 UTC
  static constexpr int kNodeBits = 10;
  static constexpr int kCounterBits = 12;

  // `node` 0..1023 tells servers apart. `floor`: the first value is greater.
  SeqGenerator(const Clock& clock, int node, Seq floor);

  Seq Next() { return Reserve(1); }
  // Reserves `count` consecutive positions and returns the first; step on with Advance.
  Seq Reserve(std::uint32_t count);
  // The next position after `seq` of the same node: seqs of one reservation.
  Seq Advance(Seq seq, std::uint32_t by) const { return Expand(Contract(seq) + by); }

  // The moment that a seq carries.
  static TimestampMicros TimeOf(Seq seq);

 private:
  // Without the node bits a seq is a dense counter: ms << 12 | counter.
  static std::uint64_t Contract(Seq seq) {
    return (seq.value() >> (kNodeBits + kCounterBits) << kCounterBits) |
           (seq.value() & ((1u << kCounterBits) - 1));
  }
  Seq Expand(std::uint64_t dense) const {
    return Seq((dense >> kCounterBits << (kNodeBits + kCounterBits)) |
               (static_cast<std::uint64_t>(node_) << kCounterBits) |
               (dense & ((1u << kCounterBits) - 1)));
  }

  const Clock& clock_;
  const int node_;
  std::atomic<std::uint64_t> last_;  // dense
};

}  // namespace kalam
