#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kv/batch.h"
#include "kv/durable_writer.h"
#include "kv/iterator.h"
#include "kv/pinned_value.h"

namespace kalam::kv {

enum class Compression : std::uint8_t { kNone, kSnappy, kZlib, kLz4, kZstd };

enum class FileOperation : std::uint8_t { kCreate, kWrite, kSync };

struct Options {
  std::string path{};  // created if missing
  std::size_t write_buffer_bytes = 64 << 20;  // one memtable of kHot or kLog
  int max_write_buffers = 3;                  // memtables per family, full ones included
  std::size_t block_cache_bytes = 256 << 20;
  int max_background_jobs = 4;
  // At most this many write-ahead log files are kept, but one being written and one being finished always.
  int wal_log_count = 3;
  Compression compression = Compression::kLz4;
  // The change log loses its oldest files beyond this age or size, whichever comes first.
  std::chrono::seconds log_retention = std::chrono::hours(24);
  std::uint64_t log_max_bytes = 2ull << 30;

  // Writes are refused ("disk full") while the file system has less free than this, so that the log
  // itself never meets the end of the disk half way through a record. Never more than 1/8 of the file
  // system.
  std::uint64_t min_free_bytes = 64 << 20;
  // For tests. Free bytes as seen by the check above, instead of asking the file system.
  std::function<std::uint64_t()> free_bytes{};
  // For tests. Called before each creation, write or sync of one of the store's files; an errno other than 0 makes
  // it fail with that.
  std::function<int(FileOperation operation, std::string_view file)> file_fault{};
};

// A consistent view of all families at one moment. Shared; the view is given up when the last reference
// goes. Old versions of rows stay on disk as long as somebody holds a view that needs them. May outlive
// neither its store.
class Snapshot;
using SnapshotPtr = std::shared_ptr<const Snapshot>;

// How far a read may go. An event loop must not wait for the disk: kCacheOnly answers kWouldBlock
// instead.
enum class ReadTier : std::uint8_t { kAny, kCacheOnly };
enum class ReadOutcome : std::uint8_t { kFound, kNotFound, kWouldBlock };

struct ReadOptions {
  const Snapshot* snapshot = nullptr;  // null: the latest state, synced or not
  ReadTier tier = ReadTier::kAny;
};

// kNever: a write that the engine would hold back (memtables full) is refused with kWouldBlock and
// nothing is applied.
enum class Stall : std::uint8_t { kAllowed, kNever };
enum class WriteOutcome : std::uint8_t { kDone, kWouldBlock };

// Sizes in bytes, for the startup log and system.stats.
struct StoreStats {
  std::array<std::uint64_t, kFamilies> estimated_keys{};
  std::array<std::uint64_t, kFamilies> file_bytes{};
  std::uint64_t memtable_bytes = 0;
  std::uint64_t block_cache_bytes = 0;
  std::uint64_t table_reader_bytes = 0;
};

// The ordered key-value store: the only home of RocksDB. One per data folder, owned by the server,
// shared by reference. Thread-safe.
//
// Write does not touch the disk: the write-ahead log is buffered in the process until FlushToOs
// (survives kill -9) or Sync (survives power loss). Whoever acknowledges must call one of them first;
// in the server that is the table module's Committer, which does it for everybody at once.
//
// Failures. What was refused is not applied:
// - disk full: while there is less than min_free_bytes free, or no room for a memtable's file, Write
//   answers kIo "disk full ..." and works again by itself once there is room.
// - any other failure of the write-ahead log makes the store read-only until the process is restarted:
//   Write and Sync answer kUnavailable and name the cause. What was written but not synced by then is
//   in doubt: it may or may not be there after the restart.
class Store : public DurableWriter {
 public:
  // Errors: kUnavailable when another process has the folder open, kIo when it can't be created, read
  // or written, kCorruption.
  static Result<std::unique_ptr<Store>> Open(Options options);
  // Syncs what was written. Snapshots and iterators must be gone.
  ~Store() override;

  // `batch` is unchanged afterwards.
  Result<WriteOutcome> Write(const Batch& batch, Stall stall = Stall::kAllowed);

  // Everything written before the call is in the hands of the operating system, or on disk.
  Status FlushToOs();
  // As FlushToOs, and the disk begins to write it: a Sync that follows has less to wait for. What can be done before
  // the bytes are durable is done in between.
  Status BeginSync();
  Status Sync();

  // True after a Write or Sync that failed for want of space, until Recover succeeds.
  bool needs_recovery() const;
  // Tries to make durable what such a failure left in doubt. Ok: all that was written is on disk and
  // writes are accepted again. Cheap when nothing is wrong.
  Status Recover();

  SnapshotPtr TakeSnapshot();

  // The value is valid as long as `value` lives, whatever is written meanwhile.
  Result<ReadOutcome> Get(Family family, std::string_view key, PinnedValue& value,
                          const ReadOptions& options = {}) const;

  // One outcome and value per key, which must be sorted ascending. Cheaper than single Gets.
  Status MultiGet(Family family, std::span<const std::string_view> keys,
                  std::span<PinnedValue> values, std::span<ReadOutcome> outcomes,
                  const ReadOptions& options = {}) const;

  // Starts before the first key: position it with a Seek.
  std::unique_ptr<Iterator> NewIterator(Family family, IteratorOptions options) const;

  // Writes memtables out to files and waits; for tests and before a backup.
  Status FlushMemtables();

  // Rewrites the files that have keys of the range, without those that were deleted: until then an iterator steps over
  // each of them. Takes as long as reading what is there; others go on meanwhile. Errors: kIo, kUnavailable.
  Status Reclaim(Family family, std::string_view lower, std::string_view upper);

  StoreStats stats() const;
  // About how many bytes the keys from `lower` to below `upper` take, in memory and in files. Reads no data.
  std::uint64_t ApproximateBytes(Family family, std::string_view lower, std::string_view upper) const;
  const std::string& path() const;

  // Write and Sync in one, for callers without a Committer.
  Status WriteDurably(const Batch& batch) override;
  Status WriteAndDropPrefixes(const Batch& batch, std::span<const std::string> prefixes) override;

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kalam::kv
