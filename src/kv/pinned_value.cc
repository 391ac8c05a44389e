#include "kv/pinned_value.h"

#include <new>
#include <utility>

#include "engine_pinned_value.h"

namespace kalam::kv {

PinnedValue::PinnedValue() { ::new (handle_) rocksdb::PinnableSlice; }

PinnedValue::~PinnedValue() { EngineHandle(handle_).~PinnableSlice(); }

PinnedValue::PinnedValue(PinnedValue&& other) noexcept {
  ::new (handle_) rocksdb::PinnableSlice;
  *this = std::move(other);
}

PinnedValue& PinnedValue::operator=(PinnedValue&& other) noexcept {
  if (this != &other) {
    auto& mine = EngineHandle(handle_);
    mine = std::move(EngineHandle(other.handle_));
    view_ = {mine.data(), mine.size()};
    other.Reset();
  }
  return *this;
}

void PinnedValue::Reset() {
  EngineHandle(handle_).Reset();
  view_ = {};
}

}  // namespace kalam::kv
