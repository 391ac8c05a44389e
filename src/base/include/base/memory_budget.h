#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace kalam {

// What one thread may hold for one piece of work: everything that goes through `operator new` and malloc, as jemalloc
// counts it (where the process is linked with it, and not under sanitizers), and what is reported with Take and Give by
// whoever has an allocator of his own.
//
// Beyond the budget, or when the budgets of all threads together hold more than their common limit, `interrupt` is
// called, so that the work ends where it can. What is large is refused at once (Take says no, `operator new` throws
// std::bad_alloc), what is small only when the interruption does not help, in the middle of a loop that allocates and
// allocates: a destructor that needs a few bytes always gets them.
//
// For work that survives this, which means the query engine. Code of other kinds that it calls into (locks that an
// exception would leave behind) is left alone under a Pause. One budget per thread at a time; an inner one is without
// effect.
class MemoryBudget {
 public:
  // `interrupt` must not allocate.
  explicit MemoryBudget(std::uint64_t bytes, std::function<void()> interrupt = {});
  ~MemoryBudget();
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // The most that was held at a time, give or take what is too little to look at.
  std::uint64_t peak_bytes() const { return peak_bytes_; }
  // What is held now; less than nothing when more was freed than was there before.
  std::int64_t held_bytes() const;
  // Whether something was refused.
  bool exceeded() const { return exceeded_; }

  // Of another allocator, on this thread. False: it must not be allocated; never without a budget.
  static bool Take(std::size_t bytes);
  static void Give(std::size_t bytes);

  // What this thread freed goes back to the system; the allocator would keep it for its next use.
  static void GiveBackFreedMemory();
  // The same of all threads, but for the little that each holds ready. Milliseconds.
  static void GiveBackAllFreedMemory();

  // For all budgets together; set before the first. Default: none.
  static void SetCommonLimit(std::uint64_t bytes);

  // Suspends the thread's budget, if it has one.
  class Pause {
   public:
    Pause();
    ~Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    MemoryBudget* const budget_;
  };

  // Whether this thread may have so much more. For operator new.
  static bool MayAllocate(std::size_t bytes);

 private:
  // Whether there is room for so much more.
  bool HasRoom(std::size_t bytes);

  const std::function<void()> interrupt_;
  const bool active_;
  const std::int64_t limit_bytes_;
  std::int64_t start_ = 0;       // what the thread held before
  std::int64_t published_ = 0;   // this budget's part of the common total
  std::uint64_t peak_bytes_ = 0;
  bool exceeded_ = false;
  int beyond_ = 0;  // small objects that there was no room for
};

}  // namespace kalam
