#include "kv/batch.h"

#include <rocksdb/comparator.h>
#include <rocksdb/db.h>

#include <array>

#include "base/bytes.h"
#include "base/check.h"
#include "engine_batch.h"

namespace kalam::kv {
namespace {

constexpr std::size_t kKeptBytes = 1 << 20;

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }

// Names a family to a WriteBatch, which asks for no more than the id and the comparator. A batch can
// so be built without a store at hand.
class FamilyName final : public rocksdb::ColumnFamilyHandle {
 public:
  explicit FamilyName(Family family) : id_(EngineId(family)) {}
  const std::string& GetName() const override { return name_; }
  std::uint32_t GetID() const override { return id_; }
  rocksdb::Status GetDescriptor(rocksdb::ColumnFamilyDescriptor*) override {
    return rocksdb::Status::NotSupported();
  }
  const rocksdb::Comparator* GetComparator() const override {
    return rocksdb::BytewiseComparator();
  }

 private:
  std::uint32_t id_;
  std::string name_;
};

rocksdb::ColumnFamilyHandle* Handle(Family family) {
  static std::array<FamilyName, kFamilies> handles = {
      FamilyName(Family::kMeta), FamilyName(Family::kHot), FamilyName(Family::kLog), FamilyName(Family::kJobs)};
  return &handles[static_cast<std::size_t>(family)];
}

std::size_t VarintBytes(std::size_t value) {
  std::size_t bytes = 1;
  for (; value >= 0x80; value >>= 7) ++bytes;
  return bytes;
}

// A put ends with | key | varint length of value | value |.
Batch::Place LastPut(const rocksdb::WriteBatch& batch, std::size_t key_bytes,
                     std::size_t value_bytes) {
  const std::size_t value = batch.GetDataSize() - value_bytes;
  return {.key = value - VarintBytes(value_bytes) - key_bytes, .value = value};
}

constexpr std::size_t kMaxPieces = 8;

// Pieces as the engine wants them; returns the bytes in all.
std::size_t ToSlices(std::span<const std::string_view> pieces,
                     std::array<rocksdb::Slice, kMaxPieces>& slices) {
  KALAM_CHECK(pieces.size() <= kMaxPieces, "too many pieces");
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    slices[i] = ToSlice(pieces[i]);
    bytes += pieces[i].size();
  }
  return bytes;
}

}  // namespace

Batch::Batch() : impl_(std::make_unique<Impl>()) {}
Batch::Batch(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Batch::~Batch() = default;
Batch::Batch(Batch&&) noexcept = default;
Batch& Batch::operator=(Batch&&) noexcept = default;

Batch::Place Batch::Put(Family family, std::string_view key, std::string_view value) {
  const auto status = impl_->batch.Put(Handle(family), ToSlice(key), ToSlice(value));
  KALAM_CHECK(status.ok(), status.ToString());
  return LastPut(impl_->batch, key.size(), value.size());
}

Batch::Place Batch::PutParts(Family family, std::span<const std::string_view> key,
                             std::span<const std::string_view> value) {
  std::array<rocksdb::Slice, kMaxPieces> key_slices;
  std::array<rocksdb::Slice, kMaxPieces> value_slices;
  const std::size_t key_bytes = ToSlices(key, key_slices);
  const std::size_t value_bytes = ToSlices(value, value_slices);
  const auto status = impl_->batch.Put(
      Handle(family), rocksdb::SliceParts(key_slices.data(), static_cast<int>(key.size())),
      rocksdb::SliceParts(value_slices.data(), static_cast<int>(value.size())));
  KALAM_CHECK(status.ok(), status.ToString());
  return LastPut(impl_->batch, key_bytes, value_bytes);
}

void Batch::Delete(Family family, std::string_view key) {
  const auto status = impl_->batch.Delete(Handle(family), ToSlice(key));
  KALAM_CHECK(status.ok(), status.ToString());
}

void Batch::DeleteRange(Family family, std::string_view begin, std::string_view end) {
  const auto status = impl_->batch.DeleteRange(Handle(family), ToSlice(begin), ToSlice(end));
  KALAM_CHECK(status.ok(), status.ToString());
}

void Batch::DeletePrefix(Family family, std::string_view prefix) {
  const std::string end = PrefixSuccessor(prefix);
  KALAM_CHECK(!end.empty(), "a prefix without an end");
  DeleteRange(family, prefix, end);
}

Batch Batch::Clone() const { return Batch(std::make_unique<Impl>(*impl_)); }

char* Batch::at(std::size_t offset) {
  // The engine lends its buffer as const; it is ours, and it keeps no checksum over it.
  return const_cast<char*>(impl_->batch.Data().data()) + offset;
}

std::size_t Batch::count() const { return impl_->batch.Count(); }
std::size_t Batch::bytes() const { return impl_->batch.GetDataSize(); }

void Batch::Clear() {
  if (impl_->batch.Data().capacity() > kKeptBytes) {
    impl_->batch = rocksdb::WriteBatch();
  } else {
    impl_->batch.Clear();
  }
}

}  // namespace kalam::kv
