#include "kv/iterator.h"

#include "engine_iterator.h"
#include "engine_snapshot.h"
#include "engine_status.h"

namespace kalam::kv {
namespace {

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

class EngineIterator final : public Iterator {
 public:
  EngineIterator(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, IteratorOptions options)
      : options_(std::move(options)),
        lower_(ToSlice(options_.lower)),
        upper_(ToSlice(options_.upper)),
        it_(db.NewIterator(ReadOptions(), family)) {}

  void SeekToFirst() override { it_->SeekToFirst(); }
  void SeekToLast() override { it_->SeekToLast(); }
  void Seek(std::string_view key) override { it_->Seek(ToSlice(key)); }
  void SeekForPrev(std::string_view key) override { it_->SeekForPrev(ToSlice(key)); }
  void Next() override { it_->Next(); }
  void Prev() override { it_->Prev(); }

  bool Valid() const override { return it_->Valid(); }
  std::string_view key() const override { return ToView(it_->key()); }
  std::string_view value() const override { return ToView(it_->value()); }

  bool would_block() const override { return it_->status().IsIncomplete(); }
  Status status() const override {
    const auto status = it_->status();
    if (status.ok() || status.IsIncomplete()) return {};
    return FromEngine(status);
  }

 private:
  rocksdb::ReadOptions ReadOptions() const {
    rocksdb::ReadOptions read;
    if (options_.snapshot) read.snapshot = options_.snapshot->engine();
    if (!options_.lower.empty()) read.iterate_lower_bound = &lower_;
    if (!options_.upper.empty()) read.iterate_upper_bound = &upper_;
    if (options_.cache_only) read.read_tier = rocksdb::kBlockCacheTier;
    read.fill_cache = options_.fill_cache;
    return read;
  }

  // The engine's iterator points into these: declared before it, destroyed after it.
  const IteratorOptions options_;
  const rocksdb::Slice lower_;
  const rocksdb::Slice upper_;
  std::unique_ptr<rocksdb::Iterator> it_;
};

}  // namespace

std::unique_ptr<Iterator> MakeIterator(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
                                       IteratorOptions options) {
  return std::make_unique<EngineIterator>(db, family, std::move(options));
}

}  // namespace kalam::kv
