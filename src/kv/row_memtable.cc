#include "row_memtable.h"

#include <algorithm>
#include <cstddef>
#include <new>
#include <vector>

#include "entry_list.h"

namespace kalam::kv {
namespace {

std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// Memory of the iterators that a thread has done with, for its next ones.
class SpareCursors {
 public:
  SpareCursors() = default;
  SpareCursors(const SpareCursors&) = delete;
  SpareCursors& operator=(const SpareCursors&) = delete;
  ~SpareCursors() { Shrink(0); }

  void* Take(std::size_t bytes) {
    if (spare_.empty()) return ::operator new(bytes);
    void* memory = spare_.back();
    spare_.pop_back();
    return memory;
  }
  void Keep(void* memory) {
    Shrink(kMost);
    spare_.push_back(memory);
  }

 private:
  static constexpr std::size_t kMost = 64;
  void Shrink(std::size_t most) {
    for (; spare_.size() > most; spare_.pop_back()) ::operator delete(spare_.back());
  }
  std::vector<void*> spare_;
};
thread_local SpareCursors spare_cursors;

// The engine wants its iterators in an arena of its own, whose type is in none of its public headers, and then
// calls their destructor only. So the destructor itself gives the memory back, to the thread that runs it:
// nobody else can have it before the destructor has ended.
class Cursor final : public rocksdb::MemTableRep::Iterator {
 public:
  explicit Cursor(const EntryList& list) : list_(&list) {}
  ~Cursor() override { spare_cursors.Keep(this); }
  static void* operator new(std::size_t bytes) { return spare_cursors.Take(bytes); }
  static void operator delete(void*) {}

  // Looks at another list from now on.
  void Use(const EntryList& list) {
    list_ = &list;
    node_ = nullptr;
  }

  bool Valid() const override { return node_ != nullptr; }
  const char* key() const override { return node_->entry(); }
  void Next() override { node_ = node_->Next(); }
  void Prev() override { node_ = list_->Previous(node_); }
  void Seek(const rocksdb::Slice& internal_key, const char* memtable_key) override {
    node_ = list_->FindGreaterOrEqual(Target(internal_key, memtable_key));
  }
  void SeekForPrev(const rocksdb::Slice& internal_key, const char* memtable_key) override {
    const std::string_view target = Target(internal_key, memtable_key);
    node_ = list_->FindGreaterOrEqual(target);
    if (node_ == nullptr) node_ = list_->Last();
    while (node_ != nullptr && EntryList::Compare(EntryList::KeyOf(node_->entry()), target) > 0) Prev();
  }
  void SeekToFirst() override { node_ = list_->First(); }
  void SeekToLast() override { node_ = list_->Last(); }

 private:
  static std::string_view Target(const rocksdb::Slice& internal_key, const char* memtable_key) {
    return memtable_key != nullptr ? EntryList::KeyOf(memtable_key) : ToView(internal_key);
  }

  const EntryList* list_;
  EntryList::Node* node_ = nullptr;
};

// A point read asks for its iterator here and never gives it back (MemTableRep::Get of RocksDB 7.8): each thread has
// one that outlives the read. Nobody else asks, since no family has a prefix extractor.
Cursor* LookupCursor(const EntryList& list) {
  // Never destroyed: its destructor would hand the memory to the spare ones.
  alignas(Cursor) thread_local std::byte memory[sizeof(Cursor)];
  thread_local Cursor* cursor = ::new (&memory) Cursor(list);
  cursor->Use(list);
  return cursor;
}

class RowMemtable final : public rocksdb::MemTableRep {
 public:
  explicit RowMemtable(rocksdb::Allocator* allocator) : MemTableRep(allocator) {}

  rocksdb::KeyHandle Allocate(const std::size_t bytes, char** entry) override {
    const int height = list_.PickHeight();
    char* memory = nullptr;
    MemTableRep::Allocate(EntryList::NodeBytes(height, bytes), &memory);
    EntryList::Node* node = EntryList::Place(memory, height);
    *entry = node->entry();
    return node;
  }
  void Insert(rocksdb::KeyHandle handle) override { list_.Insert(static_cast<EntryList::Node*>(handle)); }
  bool Contains(const char* entry) const override {
    const std::string_view key = EntryList::KeyOf(entry);
    const EntryList::Node* found = list_.FindGreaterOrEqual(key);
    return found != nullptr && EntryList::KeyOf(found->entry()) == key;
  }
  std::size_t ApproximateMemoryUsage() override { return sizeof(*this); }
  std::uint64_t ApproximateNumEntries(const rocksdb::Slice& start, const rocksdb::Slice& end) override {
    const std::uint64_t before = list_.EstimateBefore({start.data(), start.size()});
    const std::uint64_t all = list_.EstimateBefore({end.data(), end.size()});
    return all - std::min(before, all);
  }
  Iterator* GetIterator(rocksdb::Arena*) override { return new Cursor(list_); }
  Iterator* GetDynamicPrefixIterator(rocksdb::Arena*) override { return LookupCursor(list_); }

 private:
  EntryList list_;
};

class RowMemtables final : public rocksdb::MemTableRepFactory {
 public:
  using MemTableRepFactory::CreateMemTableRep;
  rocksdb::MemTableRep* CreateMemTableRep(const rocksdb::MemTableRep::KeyComparator&, rocksdb::Allocator* allocator,
                                          const rocksdb::SliceTransform*, rocksdb::Logger*) override {
    return new RowMemtable(allocator);
  }
  const char* Name() const override { return "KalamRowMemtables"; }
};

}  // namespace

std::shared_ptr<rocksdb::MemTableRepFactory> MakeRowMemtables() { return std::make_shared<RowMemtables>(); }

}  // namespace kalam::kv
