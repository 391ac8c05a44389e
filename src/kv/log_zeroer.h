#pragma once

#include <rocksdb/file_system.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace kalam::kv {

// Writes zeros into write-ahead logs a few megabytes ahead of where they are appended to. A file system that has
// reserved space for a file (ext4, XFS) keeps it as "unwritten", and the first sync that covers a block of it has to
// record in its journal that the block now holds data: of a group commit, which fills a few blocks each time, that is
// every sync, and a third of its time. Blocks that hold zeros are overwritten in place, and the journal stays out of
// it. Costs as many bytes to the disk as the log itself, in megabytes at a time, beside the writers. A log that grows
// faster than 64 MB/s is left alone: its commits are large, and the bytes are missed elsewhere.
//
// A failure to write zeros is no failure of the log: what is not zeroed is as slow as it was. One thread, which sleeps
// while nobody appends. Destroy it after the files that it was given.
class LogZeroer {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `now` is another clock in tests; called by the thread.
  explicit LogZeroer(std::shared_ptr<rocksdb::FileSystem> files,
                     std::function<Time()> now = std::chrono::steady_clock::now);
  ~LogZeroer();
  LogZeroer(const LogZeroer&) = delete;
  LogZeroer& operator=(const LogZeroer&) = delete;

  // `log`, which is empty and was made at `path`, with zeros ahead. Reserving space is left to `log`, and nothing is
  // zeroed that it has not reserved.
  std::unique_ptr<rocksdb::FSWritableFile> Watch(std::unique_ptr<rocksdb::FSWritableFile> log, std::string path);

 private:
  class Log;
  struct State;

  void Ask(std::shared_ptr<State> state);
  void Run();
  // One step. Whether appends have come so far meanwhile that the next is due.
  bool ZeroAhead(State& state);

  const std::shared_ptr<rocksdb::FileSystem> files_;
  const std::function<Time()> now_;
  const std::string zeros_;
  std::mutex mutex_;
  std::condition_variable asked_;
  std::vector<std::shared_ptr<State>> waiting_;  // guarded by mutex_
  bool stopping_ = false;                        // guarded by mutex_
  std::thread thread_;
};

}  // namespace kalam::kv
