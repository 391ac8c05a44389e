#include "kv/store.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <sys/statvfs.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "engine_batch.h"
#include "engine_iterator.h"
#include "engine_options.h"
#include "engine_pinned_value.h"
#include "engine_snapshot.h"
#include "engine_status.h"
#include "hooked_file_system.h"
#include "log_checksum.h"
#include "log_writeback.h"
#include "sized_log_file_system.h"

namespace kalam::kv {
namespace {

// A batch from this size on may use up much of the disk by itself: look at the free space first.
constexpr std::size_t kLargeBatchBytes = 1 << 20;

constexpr std::size_t kProbeBytes = 64 << 10;

struct Space {
  std::uint64_t total = 0;
  std::uint64_t free = 0;
};

// Unknown counts as plenty: the writes themselves will tell.
Space AskFileSystem(const std::string& path) {
  struct statvfs info;
  if (::statvfs(path.c_str(), &info) != 0) {
    constexpr auto kPlenty = std::numeric_limits<std::uint64_t>::max();
    return {kPlenty, kPlenty};
  }
  return {std::uint64_t{info.f_blocks} * info.f_frsize, std::uint64_t{info.f_bavail} * info.f_frsize};
}

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

struct Store::Impl {
  // kDiskFull ends with Recover, kFailed with the process.
  enum class Health { kGood, kDiskFull, kFailed };

  Options options;
  std::uint64_t min_free_bytes = 0;
  std::unique_ptr<rocksdb::Env> env;  // outlives the DB
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::ColumnFamilyHandle* default_family = nullptr;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> families{};
  std::shared_ptr<rocksdb::Cache> cache;

  // Held while bytes go to the log's buffer or from there to its file. The engine must not be handed another
  // write once its log file has failed (it takes that for a bug and aborts): with this lock the failure is
  // known here before the next write can start. The sync itself runs outside.
  std::mutex log_mutex;
  std::atomic<bool> sync_begun{false};  // since the last Sync: the space was looked at

  std::atomic<bool> low_on_space{false};
  std::atomic<Health> health{Health::kGood};
  std::mutex failure_mutex;
  std::string failure;  // guarded; why health is kFailed

  rocksdb::ColumnFamilyHandle* handle(Family family) const {
    return families[static_cast<std::size_t>(family)];
  }

  void CheckSpace() {
    const std::uint64_t free =
        options.free_bytes ? options.free_bytes() : AskFileSystem(options.path).free;
    const bool low = free < min_free_bytes;
    if (low != low_on_space.exchange(low)) {
      log::Warn("kv", low ? "disk full: refusing writes" : "there is space again: accepting writes");
    }
  }

  Status CheckWritable(std::size_t batch_bytes) {
    if (low_on_space.load(std::memory_order_relaxed) || batch_bytes >= kLargeBatchBytes) CheckSpace();
    if (low_on_space.load(std::memory_order_relaxed)) return DiskFull();
    return CheckHealth();
  }

  static Error DiskFull() { return Error(ErrorCode::kIo, std::string(kDiskFullText)); }

  Status CheckHealth() {
    switch (health.load(std::memory_order_acquire)) {
      case Health::kGood: return {};
      case Health::kDiskFull: return DiskFull();
      case Health::kFailed: return Failure();
    }
    return {};
  }

  Error Failure() {
    std::lock_guard lock(failure_mutex);
    return Error(ErrorCode::kUnavailable,
                 "the store is read-only until the server is restarted, because of: " + failure);
  }

  Error Fail(const rocksdb::Status& status) {
    {
      std::lock_guard lock(failure_mutex);
      if (failure.empty()) {
        failure = status.ToString();
        log::Error("kv", "the store is read-only from now on: " + failure);
      }
    }
    health.store(Health::kFailed, std::memory_order_release);
    return Failure();
  }

  // The write-ahead log could not be written, flushed or synced.
  Error FailLog(const rocksdb::Status& status) {
    // Another thread has met the error itself and is about to say here what it was.
    if (status.ToString().find("previous error") != std::string::npos) {
      for (int i = 0; i < 1'000 && CheckHealth().ok(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (const Status known = CheckHealth(); !known.ok()) return known.error();
    }
    if (!IsDiskFull(status)) return Fail(status);
    Health expected = Health::kGood;
    health.compare_exchange_strong(expected, Health::kDiskFull);
    return FromEngine(status);
  }

  // Is there room for a new file? Blocks may be free and inodes or a quota used up: one is made.
  Status ProbeSpace() {
    CheckSpace();
    if (low_on_space.load(std::memory_order_relaxed)) return DiskFull();
    const std::string path = options.path + "/space-probe";
    const auto made = rocksdb::WriteStringToFile(env.get(), std::string(kProbeBytes, ' '), path, /*should_sync=*/true);
    (void)env->DeleteFile(path);
    if (!made.ok()) return FromEngine(made);
    return {};
  }

  Status FlushLog() {
    std::lock_guard lock(log_mutex);
    KALAM_TRY(CheckHealth());
    if (const auto status = db->FlushWAL(/*sync=*/false); !status.ok()) return FailLog(status);
    return {};
  }

  Status SyncLog() {
    if (const auto status = db->SyncWAL(); !status.ok()) return FailLog(status);
    return {};
  }

  rocksdb::ReadOptions ToEngine(const ReadOptions& read) const {
    rocksdb::ReadOptions engine;
    if (read.snapshot != nullptr) engine.snapshot = read.snapshot->engine();
    if (read.tier == ReadTier::kCacheOnly) engine.read_tier = rocksdb::kBlockCacheTier;
    return engine;
  }

  rocksdb::Status FlushAll() {
    rocksdb::FlushOptions flush;
    flush.allow_write_stall = true;
    return db->Flush(flush, {families.begin(), families.end()});
  }
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Store>> Store::Open(Options options) {
  std::error_code created;
  std::filesystem::create_directories(options.path, created);
  if (created) {
    return Error(ErrorCode::kIo,
                 "cannot create data folder '" + options.path + "': " + created.message());
  }

  auto impl = std::make_unique<Impl>();
  const Space space = AskFileSystem(options.path);
  impl->min_free_bytes = std::min(options.min_free_bytes, space.total / 8);
  const auto family_options = FamilyOptions(options, impl->cache);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions());
  for (std::size_t i = 0; i < kFamilies; ++i) {
    descriptors.emplace_back(kFamilyNames[i], family_options[i]);
  }

  rocksdb::DBOptions database_options = DatabaseOptions(options, space.total);
  auto files = MakeSizedLogFileSystem();
  if (options.file_fault) files = MakeHookedFileSystem(std::move(files), options.file_fault);
  impl->env = rocksdb::NewCompositeEnv(std::move(files));
  database_options.env = impl->env.get();
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const auto status =
      rocksdb::DB::Open(database_options, options.path, descriptors, &handles, &db);
  if (!status.ok()) return FromEngineOpen(status, options.path);
  impl->db.reset(db);
  impl->default_family = handles[0];
  for (std::size_t i = 0; i < kFamilies; ++i) {
    impl->families[i] = handles[i + 1];
    KALAM_CHECK(handles[i + 1]->GetID() == EngineId(static_cast<Family>(i)),
                "families were created in another order");
  }
  if (!EngineUsesOurCrc32c()) log::Info("kv", "checksums of the write-ahead log are computed in software: slower");
  // Compactions must not take the processor from statements.
  (void)db->GetEnv()->LowerThreadPoolCPUPriority(rocksdb::Env::LOW, rocksdb::CpuPriority::kLow);
  impl->options = std::move(options);
  impl->CheckSpace();
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Store::~Store() {
  // With nothing left to replay the next start is quick. Where the disk refuses, the log has it all.
  if (impl_->health.load() == Impl::Health::kGood) {
    if (const auto status = Sync(); !status.ok()) log::Error("kv", status.error().message());
    if (const auto status = impl_->FlushAll(); !status.ok()) {
      log::Warn("kv", "memtables not written at close: " + status.ToString());
    }
  }
  for (auto* family : impl_->families) {
    (void)impl_->db->DestroyColumnFamilyHandle(family);
  }
  (void)impl_->db->DestroyColumnFamilyHandle(impl_->default_family);
  const auto status = impl_->db->Close();
  if (!status.ok()) log::Error("kv", "closing the store: " + status.ToString());
}

Result<WriteOutcome> Store::Write(const Batch& batch, Stall stall) {
  rocksdb::WriteOptions write;
  write.no_slowdown = stall == Stall::kNever;
  std::lock_guard lock(impl_->log_mutex);
  KALAM_TRY(impl_->CheckWritable(batch.bytes()));
  const auto status = impl_->db->Write(write, &batch.impl_->batch);
  if (status.ok()) return WriteOutcome::kDone;
  if (status.IsIncomplete()) return WriteOutcome::kWouldBlock;
  return impl_->FailLog(status);
}

Status Store::FlushToOs() {
  impl_->CheckSpace();
  return impl_->FlushLog();
}

Status Store::BeginSync() {
  {
    const LogWriteback writeback;
    KALAM_TRY(impl_->FlushLog());
  }
  if (!impl_->sync_begun.exchange(true)) impl_->CheckSpace();
  return {};
}

Status Store::Sync() {
  if (!impl_->sync_begun.exchange(false)) impl_->CheckSpace();
  KALAM_TRY(impl_->FlushLog());  // what came since BeginSync
  return impl_->SyncLog();
}

bool Store::needs_recovery() const {
  return impl_->health.load(std::memory_order_acquire) == Impl::Health::kDiskFull;
}

Status Store::Recover() {
  using Health = Impl::Health;
  const Health health = impl_->health.load(std::memory_order_acquire);
  if (health == Health::kGood) return {};
  if (health == Health::kFailed) return impl_->Failure();
  // The engine has one attempt: what it can't create then, it takes for the end.
  KALAM_TRY(impl_->ProbeSpace());
  // The log file that met the end of the disk is of no more use: what it should hold goes from the
  // memtables to table files instead.
  auto status = impl_->db->Resume();
  if (status.ok()) status = impl_->FlushAll();
  if (status.severity() >= rocksdb::Status::Severity::kFatalError) return impl_->Fail(status);
  if (!status.ok()) return FromEngine(status);
  impl_->health.store(Health::kGood, std::memory_order_release);
  impl_->CheckSpace();
  log::Info("kv", "recovered from a full disk");
  return {};
}

SnapshotPtr Store::TakeSnapshot() { return std::make_shared<const Snapshot>(*impl_->db); }

Result<ReadOutcome> Store::Get(Family family, std::string_view key, PinnedValue& value,
                               const ReadOptions& options) const {
  auto& handle = EngineHandle(value.handle_);
  handle.Reset();
  const auto status =
      impl_->db->Get(impl_->ToEngine(options), impl_->handle(family), ToSlice(key), &handle);
  if (status.ok()) {
    value.view_ = {handle.data(), handle.size()};
    return ReadOutcome::kFound;
  }
  value.view_ = {};
  if (status.IsNotFound()) return ReadOutcome::kNotFound;
  if (status.IsIncomplete()) return ReadOutcome::kWouldBlock;
  return FromEngine(status);
}

Status Store::MultiGet(Family family, std::span<const std::string_view> keys,
                       std::span<PinnedValue> values, std::span<ReadOutcome> outcomes,
                       const ReadOptions& options) const {
  KALAM_CHECK(values.size() == keys.size() && outcomes.size() == keys.size(), "one per key");
  constexpr std::size_t kAtOnce = 64;
  std::array<rocksdb::Slice, kAtOnce> slices;
  std::array<rocksdb::PinnableSlice, kAtOnce> handles;
  std::array<rocksdb::Status, kAtOnce> statuses;
  const auto read = impl_->ToEngine(options);
  for (std::size_t start = 0; start < keys.size(); start += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, keys.size() - start);
    for (std::size_t i = 0; i < count; ++i) slices[i] = ToSlice(keys[start + i]);
    impl_->db->MultiGet(read, impl_->handle(family), count, slices.data(), handles.data(),
                        statuses.data(), /*sorted_input=*/true);
    for (std::size_t i = 0; i < count; ++i) {
      PinnedValue& value = values[start + i];
      value.Reset();
      if (statuses[i].ok()) {
        auto& handle = EngineHandle(value.handle_);
        handle = std::move(handles[i]);
        value.view_ = {handle.data(), handle.size()};
        outcomes[start + i] = ReadOutcome::kFound;
      } else if (statuses[i].IsNotFound()) {
        outcomes[start + i] = ReadOutcome::kNotFound;
      } else if (statuses[i].IsIncomplete()) {
        outcomes[start + i] = ReadOutcome::kWouldBlock;
      } else {
        return FromEngine(statuses[i]);
      }
      handles[i].Reset();
    }
  }
  return {};
}

std::unique_ptr<Iterator> Store::NewIterator(Family family, IteratorOptions options) const {
  return MakeIterator(*impl_->db, impl_->handle(family), std::move(options));
}

Status Store::FlushMemtables() {
  const auto status = impl_->FlushAll();
  if (!status.ok()) return FromEngine(status);
  return {};
}

Status Store::Reclaim(Family family, std::string_view lower, std::string_view upper) {
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  const rocksdb::Slice begin = ToSlice(lower), end = ToSlice(upper);
  const auto status = impl_->db->CompactRange(options, impl_->handle(family), &begin, &end);
  if (!status.ok()) return FromEngine(status);
  return {};
}

StoreStats Store::stats() const {
  StoreStats stats;
  const auto property = [&](rocksdb::ColumnFamilyHandle* family, const std::string& name) {
    std::uint64_t value = 0;
    impl_->db->GetIntProperty(family, name, &value);
    return value;
  };
  for (std::size_t i = 0; i < kFamilies; ++i) {
    auto* family = impl_->families[i];
    stats.estimated_keys[i] = property(family, rocksdb::DB::Properties::kEstimateNumKeys);
    stats.file_bytes[i] = property(family, rocksdb::DB::Properties::kTotalSstFilesSize);
    stats.memtable_bytes += property(family, rocksdb::DB::Properties::kCurSizeAllMemTables);
    stats.table_reader_bytes += property(family, rocksdb::DB::Properties::kEstimateTableReadersMem);
  }
  stats.block_cache_bytes = impl_->cache->GetUsage();
  return stats;
}

std::uint64_t Store::ApproximateBytes(Family family, std::string_view lower, std::string_view upper) const {
  const rocksdb::Range range(ToSlice(lower), ToSlice(upper));
  rocksdb::SizeApproximationOptions options;
  options.include_memtables = true;
  std::uint64_t bytes = 0;
  // A failure leaves 0: nobody relies on an estimate.
  (void)impl_->db->GetApproximateSizes(options, impl_->handle(family), &range, 1, &bytes);
  return bytes;
}

const std::string& Store::path() const { return impl_->options.path; }

Status Store::WriteDurably(const Batch& batch) {
  KALAM_TRY(Write(batch));
  return Sync();
}

Status Store::WriteAndDropPrefixes(const Batch& batch, std::span<const std::string> prefixes) {
  Batch all = batch.Clone();
  for (const auto& prefix : prefixes) {
    all.DeletePrefix(Family::kHot, prefix);
    all.DeletePrefix(Family::kLog, prefix);
  }
  return WriteDurably(all);
}

}  // namespace kalam::kv
