#include "engine_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <limits>

#include "engine_log.h"
#include "row_memtable.h"

namespace kalam::kv {
namespace {

rocksdb::CompressionType ToEngine(Compression compression) {
  switch (compression) {
    case Compression::kNone: return rocksdb::kNoCompression;
    case Compression::kSnappy: return rocksdb::kSnappyCompression;
    case Compression::kZlib: return rocksdb::kZlibCompression;
    case Compression::kLz4: return rocksdb::kLZ4Compression;
    case Compression::kZstd: return rocksdb::kZSTD;
  }
  return rocksdb::kNoCompression;
}

rocksdb::BlockBasedTableOptions TableOptions(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.format_version = 5;
  table.block_cache = cache;
  // Indexes and filters count against the cache, so that memory stays bounded, and are pinned, so
  // that a point read finds them without a look-up.
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.metadata_cache_options.unpartitioned_pinning = rocksdb::PinningTier::kAll;
  return table;
}

// After a full disk Recover decides when to go on: an attempt of the engine's own, on a disk that is still full, can
// be the last.
class RecoversWhenTold final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* by_itself) override {
    *by_itself = false;
  }
};

// A log file lives as long as one of its memtables: as many of those as log files are wanted, and two at least.
int WriteBuffers(const Options& options) {
  return std::max(std::min(options.max_write_buffers, options.wal_log_count), 2);
}

// Point reads and short scans of rows of some 200 bytes.
void TuneHot(rocksdb::ColumnFamilyOptions& family, const Options& options,
             rocksdb::BlockBasedTableOptions& table) {
  family.write_buffer_size = options.write_buffer_bytes;
  family.max_write_buffer_number = WriteBuffers(options);
  family.memtable_factory = MakeRowMemtables();
  // Most inserts look for a key that is not there: the memtable's filter answers that without a
  // search.
  family.memtable_prefix_bloom_size_ratio = 0.05;
  family.memtable_whole_key_filtering = true;
  family.level_compaction_dynamic_level_bytes = true;
  // Files of level 0 are merged into the next within four of them: compressing them first would be for nothing.
  family.compression_per_level = {rocksdb::kNoCompression, family.compression};
  table.block_size = 8 << 10;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  table.data_block_hash_table_util_ratio = 0.75;
}

// Appended and read in order; whole files are dropped from the old end, nothing is ever compacted.
void TuneLog(rocksdb::ColumnFamilyOptions& family, const Options& options,
             rocksdb::BlockBasedTableOptions& table) {
  family.write_buffer_size = options.write_buffer_bytes;
  family.max_write_buffer_number = WriteBuffers(options);
  family.memtable_factory = MakeRowMemtables();
  family.compaction_style = rocksdb::kCompactionStyleFIFO;
  family.compaction_options_fifo.max_table_files_size = options.log_max_bytes;
  family.ttl = static_cast<std::uint64_t>(options.log_retention.count());
  // All files of a FIFO family are in level 0: their number is no reason to slow writers.
  family.level0_slowdown_writes_trigger = std::numeric_limits<int>::max();
  family.level0_stop_writes_trigger = std::numeric_limits<int>::max();
  table.block_size = 32 << 10;
}

void TuneMeta(rocksdb::ColumnFamilyOptions& family, rocksdb::BlockBasedTableOptions& table) {
  family.write_buffer_size = 4 << 20;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
}

// Specification 7.4: reads of system.jobs are cheap. A bound, not a reservation.
constexpr std::size_t kJobsCacheBytes = 256 << 20;

constexpr std::uint64_t kSmallFileSystemBytes = 4ull << 30;

}  // namespace

rocksdb::DBOptions DatabaseOptions(const Options& options, std::uint64_t file_system_bytes) {
  rocksdb::DBOptions db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;

  // Write only fills a buffer; FlushToOs and Sync empty it for everybody at once.
  db.manual_wal_flush = true;
  // All families are flushed together, so a log file is done with as a whole and at most
  // WriteBuffers of them are alive. That also bounds what a restart has to replay.
  db.atomic_flush = true;
  db.max_total_wal_size = options.write_buffer_bytes + options.write_buffer_bytes / 2;
  // One thread writes at a time (the sequencer's lock sees to it), which the memtables rely on.
  db.allow_concurrent_memtable_write = false;
  db.enable_write_thread_adaptive_yield = false;
  // A torn record ends the replay; nothing after it was acknowledged.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // Reserving a whole log file ahead could take most of a small disk.
  db.allow_fallocate = file_system_bytes >= kSmallFileSystemBytes;

  db.max_background_jobs = options.max_background_jobs;
  db.max_open_files = -1;  // files stay open: an event loop's reads must not open one
  // Of each family, whether it has one file or a thousand: the engine's default makes most of a start's threads.
  db.max_file_opening_threads = 4;
  db.bytes_per_sync = 1 << 20;
  db.skip_stats_update_on_db_open = true;
  db.listeners.push_back(std::make_shared<RecoversWhenTold>());
  db.max_bgerror_resume_count = 0;
  db.info_log = MakeEngineLog();
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  return db;
}

std::array<rocksdb::ColumnFamilyOptions, kFamilies> FamilyOptions(
    const Options& options, std::shared_ptr<rocksdb::Cache>& cache) {
  cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  std::array<rocksdb::ColumnFamilyOptions, kFamilies> families;
  for (int i = 0; i < kFamilies; ++i) {
    auto& family = families[static_cast<std::size_t>(i)];
    family.compression = ToEngine(options.compression);
    const bool jobs = static_cast<Family>(i) == Family::kJobs;
    auto table = TableOptions(jobs ? rocksdb::NewLRUCache(kJobsCacheBytes) : cache);
    switch (static_cast<Family>(i)) {
      case Family::kMeta: TuneMeta(family, table); break;
      case Family::kHot: TuneHot(family, options, table); break;
      case Family::kLog: TuneLog(family, options, table); break;
      case Family::kJobs: TuneMeta(family, table); break;
    }
    family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  }
  return families;
}

}  // namespace kalam::kv
