#pragma once

#include "base/clock.h"
#include "cold/manifest.h"
#include "jobs/compaction.h"

#include <optional>
#include <vector>

namespace kalam::jobs {

// Which segments of a partition to make one of, oldest first; none when all is well. In this order:
//
// - so many files of about one size that a merge pays (size-tiered: a row is copied once for each
// tier
//   it rises to, that is log(rows) times);
// - one file, not small, that shows few of its rows: at least a third are hidden by newer versions;
// - one file with tombstones that are older than `expired_before` (nullopt: kept for ever).
//
// Of more than can be done at once it gives the first part: ask again afterwards.
std::vector<cold::Manifest::EntryPtr> PickSegments(
    const cold::Manifest& manifest, const CompactionPolicy& policy,
    std::optional<TimestampMicros> expired_before);

}  // namespace kalam::jobs
