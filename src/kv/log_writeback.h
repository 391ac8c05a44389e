#pragma once

#include <rocksdb/file_system.h>

#include <memory>

namespace kalam::kv {

// Within its life, what this thread appends to a write-ahead log is handed to the disk at once, and not by the sync
// that follows: the disk works while the thread has other things to do before it syncs (sync_file_range(2) with
// SYNC_FILE_RANGE_WRITE, which starts the writing and waits for nothing). On bare files, appends of 600 bytes with
// `fdatasync` hide 30 us of such work completely, and most of 60 us. It proves nothing: only the sync makes durable,
// and says whether what was begun has failed.
class LogWriteback {
 public:
  LogWriteback();
  ~LogWriteback();
  LogWriteback(const LogWriteback&) = delete;
  LogWriteback& operator=(const LogWriteback&) = delete;

  // `log`, which is empty, with its appends begun to be written where a LogWriteback lives.
  static std::unique_ptr<rocksdb::FSWritableFile> Watch(std::unique_ptr<rocksdb::FSWritableFile> log);
};

}  // namespace kalam::kv
