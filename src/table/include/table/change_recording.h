#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "table/committer.h"

namespace kalam::table {

// The keys that are written to one partition from a moment on, for a flush: what it read as of that moment and is not
// in here has not changed, and may be removed without another look at it. From Committer::Record, which must outlive
// it. Costs writers nothing but for those of the same partition while it lives.
class ChangeRecording {
 public:
  using Keys = std::set<std::string, std::less<>>;  // primary keys, key form

  ~ChangeRecording();
  ChangeRecording(const ChangeRecording&) = delete;
  ChangeRecording& operator=(const ChangeRecording&) = delete;

  // The state at that moment: all that was written by then, durable or not.
  const DurableSnapshotPtr& snapshot() const { return snapshot_; }

 private:
  friend class Committer;
  ChangeRecording(Committer& committer, std::string partition, std::size_t max_keys)
      : committer_(committer), partition_(std::move(partition)), max_keys_(max_keys) {}
  void Note(std::string_view hot_key);

  Committer& committer_;
  const std::string partition_;
  const std::size_t max_keys_;
  DurableSnapshotPtr snapshot_;
  Keys keys_;             // guarded by the sequencer, as all below
  bool too_many_ = false;
};

}  // namespace kalam::table
