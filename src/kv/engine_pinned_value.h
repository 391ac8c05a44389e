#pragma once

#include <rocksdb/slice.h>

#include <cstddef>
#include <new>

namespace kalam::kv {

// The engine's handle inside a PinnedValue.
template <std::size_t kBytes>
rocksdb::PinnableSlice& EngineHandle(std::byte (&bytes)[kBytes]) {
  static_assert(sizeof(rocksdb::PinnableSlice) <= kBytes, "raise PinnedValue::kHandleBytes");
  static_assert(alignof(rocksdb::PinnableSlice) <= 8);
  return *std::launder(reinterpret_cast<rocksdb::PinnableSlice*>(bytes));
}

}  // namespace kalam::kv
