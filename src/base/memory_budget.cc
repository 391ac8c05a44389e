#include "base/memory_budget.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <new>
#include <utility>

// The sanitizers have an operator new of their own, which finds more than ours would.
#ifdef KALAM_SANITIZED
#define KALAM_COUNTS_OPERATOR_NEW 0
#else
#define KALAM_COUNTS_OPERATOR_NEW 1
#endif

// jemalloc's, if it is the allocator of the process.
extern "C" __attribute__((weak)) int mallctl(const char* name, void* old, std::size_t* old_size, void* value,
                                             std::size_t value_size);

namespace kalam {
namespace {

// Between two points where the engine notices an interruption it makes hundreds of small objects, not thousands; and
// no destructor asks for a large one (vectors of 2,048 values take 32 KiB).
constexpr int kSmallBeyond = 4'000;
constexpr std::size_t kLargeBytes = std::size_t{256} << 10;
// When the common limit is reached, those that hold less than this are not to blame.
constexpr std::int64_t kInnocentBytes = std::int64_t{32} << 20;
// Changes below this are not worth a write to memory that all threads share.
constexpr std::int64_t kPublishStep = std::int64_t{1} << 20;

std::atomic<std::int64_t> g_held{0};
std::atomic<std::int64_t> g_limit{std::numeric_limits<std::int64_t>::max()};

thread_local MemoryBudget* t_budget = nullptr;
thread_local std::int64_t t_reported = 0;

// The allocator's own counters of this thread.
struct Counters {
  const std::uint64_t* allocated = nullptr;
  const std::uint64_t* freed = nullptr;

  static Counters OfThisThread() {
    Counters counters;
    if (mallctl == nullptr) return counters;
    std::size_t size = sizeof(counters.allocated);
    mallctl("thread.allocatedp", &counters.allocated, &size, nullptr, 0);
    mallctl("thread.deallocatedp", &counters.freed, &size, nullptr, 0);
    return counters;
  }
};
thread_local Counters t_counters;

std::int64_t ThreadBytes() {
  const auto counted = t_counters.freed ? *t_counters.allocated - *t_counters.freed : 0;
  return static_cast<std::int64_t>(counted) + t_reported;
}

}  // namespace

MemoryBudget::MemoryBudget(std::uint64_t bytes, std::function<void()> interrupt)
    : interrupt_(std::move(interrupt)),
      active_(t_budget == nullptr),
      limit_bytes_(static_cast<std::int64_t>(bytes)) {
  if (!active_) return;
  if (!t_counters.freed) t_counters = Counters::OfThisThread();
  start_ = ThreadBytes();
  t_budget = this;
}

MemoryBudget::~MemoryBudget() {
  if (!active_) return;
  t_budget = nullptr;
  g_held.fetch_sub(published_, std::memory_order_relaxed);
}

std::int64_t MemoryBudget::held_bytes() const { return active_ ? ThreadBytes() - start_ : 0; }

void MemoryBudget::GiveBackFreedMemory() {
  unsigned arena = 0;
  std::size_t size = sizeof(arena);
  if (mallctl == nullptr || mallctl("thread.arena", &arena, &size, nullptr, 0) != 0) return;
  mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
  char purge[40];
  std::snprintf(purge, sizeof(purge), "arena.%u.purge", arena);
  mallctl(purge, nullptr, nullptr, nullptr, 0);
}

void MemoryBudget::GiveBackAllFreedMemory() {
  if (mallctl == nullptr) return;
  mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);  // MALLCTL_ARENAS_ALL
}

bool MemoryBudget::HasRoom(std::size_t bytes) {
  const std::int64_t held = ThreadBytes() - start_ + static_cast<std::int64_t>(bytes);
  if (held > limit_bytes_) return false;
  if (held > published_ + kPublishStep || held < published_ - kPublishStep) {
    g_held.fetch_add(held - published_, std::memory_order_relaxed);
    published_ = held;
  }
  if (held > kInnocentBytes && g_held.load(std::memory_order_relaxed) > g_limit.load(std::memory_order_relaxed)) {
    return false;
  }
  if (held > 0) peak_bytes_ = std::max(peak_bytes_, static_cast<std::uint64_t>(held));
  return true;
}

bool MemoryBudget::Take(std::size_t bytes) {
  if (!MayAllocate(bytes)) return false;
  t_reported += static_cast<std::int64_t>(bytes);
  return true;
}

bool MemoryBudget::MayAllocate(std::size_t bytes) {
  if (t_budget == nullptr || t_budget->HasRoom(bytes)) return true;
  MemoryBudget& budget = *t_budget;
  budget.exceeded_ = true;
  if (budget.interrupt_) budget.interrupt_();
  if (bytes < kLargeBytes && ++budget.beyond_ < kSmallBeyond) return true;
  budget.beyond_ = 0;  // as many again, to end the work
  return false;
}

void MemoryBudget::Give(std::size_t bytes) { t_reported -= static_cast<std::int64_t>(bytes); }

void MemoryBudget::SetCommonLimit(std::uint64_t bytes) {
  g_limit = static_cast<std::int64_t>(std::min<std::uint64_t>(bytes, std::numeric_limits<std::int64_t>::max()));
}

MemoryBudget::Pause::Pause() : budget_(t_budget) { t_budget = nullptr; }
MemoryBudget::Pause::~Pause() { t_budget = budget_; }

}  // namespace kalam

#if KALAM_COUNTS_OPERATOR_NEW
// operator delete stays the library's: it frees what malloc gave.
void* operator new(std::size_t bytes) {
  if (!kalam::MemoryBudget::MayAllocate(bytes)) throw std::bad_alloc();
  while (true) {
    if (void* const memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

void* operator new[](std::size_t bytes) { return operator new(bytes); }
#endif
