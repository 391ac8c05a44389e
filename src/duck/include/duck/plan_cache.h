#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace kalam::duck {

struct Plan;

// The plans of all users, least recently used out first. A plan says which tables it needs and never what a user may
// see of them: each run resolves and authorizes them anew.
//
// Statements that need no plan, those of the fast path, have a place here too, by a number that stands for their
// shape: `cache_hit` means the same for them, and the capacity counts all.
//
// Thread-safe; one lock, held for a look-up.
class PlanCache {
 public:
  struct Stats {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t evictions = 0;
    std::size_t size = 0;
  };

  // `capacity` 0: nothing is kept and nothing is found.
  explicit PlanCache(std::size_t capacity) : capacity_(capacity) {}
  PlanCache(const PlanCache&) = delete;
  PlanCache& operator=(const PlanCache&) = delete;

  // Null when there is none. Counts nothing: whether it fits is known when it runs.
  std::shared_ptr<const Plan> Find(std::string_view key);
  // Replaces what is there under this key.
  void Insert(std::string_view key, std::shared_ptr<const Plan> plan);
  // A statement ran from a plan that was here, or had to be planned.
  void Count(bool hit);

  // Notes a shape, and says whether it was there. Counts.
  bool Touch(std::uint64_t shape);

  // Forgets everything; how many entries there were.
  std::size_t Clear();
  Stats stats() const;

  std::size_t capacity() const { return capacity_; }

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const Plan> plan;  // null: a shape
  };
  using Entries = std::list<Entry>;  // last used first

  Entry* FindLocked(std::string_view key);
  void InsertLocked(std::string_view key, std::shared_ptr<const Plan> plan);

  // Plans can be some fifty times as large as their text.
  static constexpr std::size_t kMaxKeyBytes = 4u << 20;

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  Entries entries_;                                                // guarded by mutex_, as all below
  std::unordered_map<std::string_view, Entries::iterator> index_;  // by Entry::key
  std::size_t key_bytes_ = 0;
  Stats stats_;
};

}  // namespace kalam::duck
