#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"

namespace kalam::table {

// What to do once a write is durable, or has failed: a move-only callable `void(const Status&)`. Up to 64
// bytes of captures are kept inside, so that registering one does not allocate.
class Completion {
 public:
  Completion() = default;

  template <typename F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Completion> &&
             std::is_invocable_v<F&, const Status&>)
  Completion(F&& f) {  // NOLINT: implicit
    using Fn = std::remove_cvref_t<F>;
    if constexpr (sizeof(Fn) <= kInlineBytes && alignof(Fn) <= alignof(std::max_align_t) &&
                  std::is_nothrow_move_constructible_v<Fn>) {
      ::new (storage_) Fn(std::forward<F>(f));
      ops_ = &kInlineOps<Fn>;
    } else {
      ::new (storage_) Fn*(new Fn(std::forward<F>(f)));
      ops_ = &kHeapOps<Fn>;
    }
  }

  Completion(Completion&& other) noexcept { Take(other); }
  Completion& operator=(Completion&& other) noexcept {
    if (this != &other) {
      Destroy();
      Take(other);
    }
    return *this;
  }
  ~Completion() { Destroy(); }

  explicit operator bool() const { return ops_ != nullptr; }
  // Call at most once.
  void operator()(const Status& status) { ops_->call(storage_, status); }

 private:
  static constexpr std::size_t kInlineBytes = 64;
  struct Ops {
    void (*call)(void* self, const Status& status);
    void (*move)(void* from, void* to) noexcept;
    void (*destroy)(void* self) noexcept;
  };

  template <typename Fn>
  static constexpr Ops kInlineOps = {
      [](void* self, const Status& status) { (*static_cast<Fn*>(self))(status); },
      [](void* from, void* to) noexcept {
        ::new (to) Fn(std::move(*static_cast<Fn*>(from)));
        static_cast<Fn*>(from)->~Fn();
      },
      [](void* self) noexcept { static_cast<Fn*>(self)->~Fn(); }};
  template <typename Fn>
  static constexpr Ops kHeapOps = {
      [](void* self, const Status& status) { (**static_cast<Fn**>(self))(status); },
      [](void* from, void* to) noexcept { ::new (to) Fn*(*static_cast<Fn**>(from)); },
      [](void* self) noexcept { delete *static_cast<Fn**>(self); }};

  void Take(Completion& other) noexcept {
    ops_ = std::exchange(other.ops_, nullptr);
    if (ops_ != nullptr) ops_->move(other.storage_, storage_);
  }
  void Destroy() noexcept {
    if (ops_ != nullptr) std::exchange(ops_, nullptr)->destroy(storage_);
  }

  alignas(std::max_align_t) std::byte storage_[kInlineBytes];
  const Ops* ops_ = nullptr;
};

// Where completions run: an event loop. All that became durable in one sync round arrive in one call, so
// that a loop is woken once per round and not once per write.
class CompletionQueue {
 public:
  virtual ~CompletionQueue() = default;

  // Called from the sync thread (or from WhenDurable, when there is nothing to wait for). Must only
  // hand the batch over; the loop then calls each completion with `status`.
  virtual void PostBatch(std::vector<Completion> batch, const Status& status) = 0;
};

}  // namespace kalam::table
