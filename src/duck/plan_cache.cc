#include "duck/plan_cache.h"

#include "plan.h"

namespace kalam::duck {

PlanCache::Entry* PlanCache::FindLocked(std::string_view key) {
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return &entries_.front();
}

void PlanCache::InsertLocked(std::string_view key, std::shared_ptr<const Plan> plan) {
  entries_.push_front(Entry{std::string(key), std::move(plan)});
  index_.emplace(entries_.front().key, entries_.begin());
  key_bytes_ += key.size();
  while (entries_.size() > capacity_ || key_bytes_ > kMaxKeyBytes) {
    key_bytes_ -= entries_.back().key.size();
    index_.erase(entries_.back().key);
    entries_.pop_back();
    ++stats_.evictions;
  }
}

std::shared_ptr<const Plan> PlanCache::Find(std::string_view key) {
  if (capacity_ == 0) return nullptr;
  const std::lock_guard lock(mutex_);
  const Entry* entry = FindLocked(key);
  return entry ? entry->plan : nullptr;
}

void PlanCache::Insert(std::string_view key, std::shared_ptr<const Plan> plan) {
  if (capacity_ == 0) return;
  std::shared_ptr<const Plan> replaced;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  if (Entry* entry = FindLocked(key)) {
    replaced = std::exchange(entry->plan, std::move(plan));
  } else {
    InsertLocked(key, std::move(plan));
  }
}

void PlanCache::Count(bool hit) {
  const std::lock_guard lock(mutex_);
  ++(hit ? stats_.hits : stats_.misses);
}

bool PlanCache::Touch(std::uint64_t shape) {
  if (capacity_ == 0) return false;
  // No SQL text starts with a zero byte.
  char key[1 + sizeof(shape)] = {};
  __builtin_memcpy(key + 1, &shape, sizeof(shape));
  const std::string_view view(key, sizeof(key));
  const std::lock_guard lock(mutex_);
  const bool hit = FindLocked(view) != nullptr;
  ++(hit ? stats_.hits : stats_.misses);
  if (!hit) InsertLocked(view, nullptr);
  return hit;
}

std::size_t PlanCache::Clear() {
  Entries dropped;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  dropped.swap(entries_);
  index_.clear();
  key_bytes_ = 0;
  return dropped.size();
}

PlanCache::Stats PlanCache::stats() const {
  const std::lock_guard lock(mutex_);
  Stats stats = stats_;
  stats.size = entries_.size();
  return stats;
}

}  // namespace kalam::duck
