#include "row_store.h"

#include "base/check.h"

#include <array>

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

namespace kalam::bench {
namespace {

using Key = std::array<char, 16>;

Key KeyOf(std::uint64_t owner, std::uint64_t id) {
  Key key;
  for (std::size_t i = 0; i < 8; ++i) {
    key[i] = static_cast<char>(owner >> (56 - 8 * i));
    key[8 + i] = static_cast<char>(~id >> (56 - 8 * i));
  }
  return key;
}

rocksdb::Slice ToSlice(const Key& key) { return {key.data(), key.size()}; }

void Check(const rocksdb::Status& status) { KALAM_CHECK(status.ok(), status.ToString()); }

// Memtables and filters as the server's; a cache that holds what is read, and nothing compressed.
rocksdb::Options StoreOptions() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.error_if_exists = true;
  options.write_buffer_size = 64 << 20;
  options.max_write_buffer_number = 3;
  options.max_background_jobs = 4;
  options.recycle_log_file_num = 4;
  options.allow_concurrent_memtable_write = false;
  options.memtable_whole_key_filtering = true;
  options.memtable_prefix_bloom_size_ratio = 0.05;
  options.compression = rocksdb::kNoCompression;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(1 << 30);
  table.block_size = 8 << 10;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

RowStore::RowStore(const std::string& folder) {
  rocksdb::DB* db = nullptr;
  Check(rocksdb::DB::Open(StoreOptions(), folder, &db));
  db_.reset(db);
  GiveLogsTheirLength();
}

// A log that grows makes every sync record a new length in the file system's journal. Logs that
// were filled once are used again as they are, so fill some before anyone measures.
void RowStore::GiveLogsTheirLength() {
  const std::string filling(1 << 20, 'x');
  const std::string key("filling");
  for (int log = 0; log < 4; ++log) {
    for (int megabyte = 0; megabyte < 80; ++megabyte) Check(db_->Put({}, key, filling));
    Check(db_->Flush({}));
  }
  Check(db_->Delete({}, key));
  Check(db_->CompactRange({}, nullptr, nullptr));
}

void RowStore::Put(std::uint64_t owner, std::uint64_t id, std::string_view row) {
  Check(batch_.Put(ToSlice(KeyOf(owner, id)), rocksdb::Slice(row.data(), row.size())));
}

void RowStore::Commit(bool synced) {
  rocksdb::WriteOptions options;
  options.sync = synced;
  Check(db_->Write(options, &batch_));
  batch_.Clear();
}

bool RowStore::Find(std::uint64_t owner, std::uint64_t id, std::string* out) {
  rocksdb::PinnableSlice row;
  const auto status = db_->Get({}, db_->DefaultColumnFamily(), ToSlice(KeyOf(owner, id)), &row);
  if (status.IsNotFound()) return false;
  Check(status);
  out->append(row.data(), row.size());
  return true;
}

int RowStore::Newest(std::uint64_t owner, int limit, std::string* out) {
  const Key end = KeyOf(owner, 0);
  const rocksdb::Slice upper = ToSlice(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> rows(db_->NewIterator(options));
  int found = 0;
  for (rows->Seek(ToSlice(KeyOf(owner, ~std::uint64_t{0}))); rows->Valid() && found < limit;
       rows->Next()) {
    if (found++ > 0) *out += ',';
    out->append(rows->value().data(), rows->value().size());
  }
  Check(rows->status());
  return found;
}

}  // namespace kalam::bench
