#pragma once

#include "model/ids.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace kalam::table {

// Counts the row changes of each table, and says when there are as many as somebody waits for.
// Thread-safe.
class ChangeCounters {
 public:
  // Called, on the writer's thread and under a lock, when a table's count reaches what was asked
  // for. Must be quick. Set before the first Add.
  void OnDue(std::function<void()> wake) { wake_ = std::move(wake); }

  // A table that nobody asked about is due with its first change.
  void Add(TableId table, std::uint32_t changes) {
    const std::lock_guard lock(mutex_);
    Counter& counter = counters_[table];
    counter.changes += changes;
    if (counter.changes >= counter.due_at) MakeDue(table);
  }

  struct Due {
    TableId table;
    std::uint64_t changes;
  };
  // The tables that became due since the last call. Each says nothing more until it is asked for
  // again.
  std::vector<Due> TakeDue() {
    const std::lock_guard lock(mutex_);
    std::vector<Due> due;
    for (const TableId table : due_) due.push_back({table, counters_[table].changes});
    due_.clear();
    return due;
  }
  // The table is due again with its `changes`th change since the last Restart; at once, if it has
  // them.
  void WaitFor(TableId table, std::uint64_t changes) {
    const std::lock_guard lock(mutex_);
    counters_[table].due_at = changes;
    if (counters_[table].changes >= changes) MakeDue(table);
  }
  // Counts from 0, and is due with the next change.
  void Restart(TableId table) {
    const std::lock_guard lock(mutex_);
    counters_[table] = {};
  }
  void Forget(TableId table) {
    const std::lock_guard lock(mutex_);
    counters_.erase(table);
  }

 private:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
  struct Counter {
    std::uint64_t changes = 0;
    std::uint64_t due_at = 1;
  };

  void MakeDue(TableId table) {
    counters_[table].due_at = kNever;
    due_.push_back(table);
    if (wake_) wake_();
  }

  std::function<void()> wake_;
  std::mutex mutex_;
  std::unordered_map<TableId, Counter> counters_;  // guarded by mutex_
  std::vector<TableId> due_;                       // guarded by mutex_
};

}  // namespace kalam::table
