#pragma once

#include <cstddef>
#include <string_view>

namespace kalam::kv {

// A value read from the store, without a copy where the engine can lend its block. Reuse one object
// for many reads. Give it up before the store closes. Not thread-safe.
class PinnedValue {
 public:
  PinnedValue();
  ~PinnedValue();
  PinnedValue(PinnedValue&& other) noexcept;
  PinnedValue& operator=(PinnedValue&& other) noexcept;

  // Valid until the next read into this object, its move or its end.
  std::string_view view() const { return view_; }
  // Gives the block back.
  void Reset();

 private:
  friend class Store;
  // Room for the engine's handle, so that a point read does not allocate; checked in the .cc.
  static constexpr std::size_t kHandleBytes = 104;
  alignas(8) std::byte handle_[kHandleBytes];
  std::string_view view_;
};

}  // namespace kalam::kv
