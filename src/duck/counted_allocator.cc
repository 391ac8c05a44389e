#include "counted_allocator.h"

namespace kalam::duck {
namespace {

using duckdb::Allocator;
using duckdb::data_ptr_t;
using duckdb::idx_t;
using duckdb::PrivateAllocatorData;

data_ptr_t Allocate(PrivateAllocatorData* data, idx_t size) {
  if (!MemoryBudget::Take(size)) throw duckdb::OutOfMemoryException("the statement's memory is used up");
  const data_ptr_t memory = Allocator::DefaultAllocate(data, size);
  if (!memory) MemoryBudget::Give(size);
  return memory;
}

void Free(PrivateAllocatorData* data, data_ptr_t memory, idx_t size) {
  Allocator::DefaultFree(data, memory, size);
  MemoryBudget::Give(size);
}

data_ptr_t Reallocate(PrivateAllocatorData* data, data_ptr_t memory, idx_t old_size, idx_t size) {
  // For a moment there may be both.
  if (!MemoryBudget::Take(size)) throw duckdb::OutOfMemoryException("the statement's memory is used up");
  const data_ptr_t moved = Allocator::DefaultReallocate(data, memory, old_size, size);
  MemoryBudget::Give(moved ? old_size : size);
  return moved;
}

}  // namespace

void CountedAllocator::Install() {
  [[maybe_unused]] static const bool installed = [] {
    // What the former one has made still refers to it.
    static const auto former = Allocator::DefaultAllocatorReference();
    Allocator::DefaultAllocatorReference() =
        duckdb::make_shared_ptr<Allocator>(Allocate, Free, Reallocate, nullptr);
    return true;
  }();
}

duckdb::unique_ptr<Allocator> CountedAllocator::Make() {
  return duckdb::make_uniq<Allocator>(Allocate, Free, Reallocate, nullptr);
}

void GiveBackFreedMemory() {
  Allocator::FlushAll();
  MemoryBudget::GiveBackFreedMemory();
}

}  // namespace kalam::duck
