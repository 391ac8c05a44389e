#pragma once

#include "test_table.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace kalam::table {

// Runs completions on the posting thread and remembers how they came.
class RecordingQueue final : public CompletionQueue {
 public:
  void PostBatch(std::vector<Completion> batch, const Status& status) override {
    for (auto& completion : batch) completion(status);
    std::lock_guard lock(mutex_);
    batch_sizes_.push_back(batch.size());
    changed_.notify_all();
  }
  std::vector<std::size_t> WaitForBatches(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return batch_sizes_.size() >= count; });
    return batch_sizes_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::size_t> batch_sizes_;
};

// Holds the sync of the write-ahead log until it is opened, or lets it fail.
class SyncGate {
 public:
  int Pass(kv::FileOperation operation, std::string_view file) {
    if (!file.ends_with(".log")) return 0;
    std::unique_lock lock(mutex_);
    if (operation != kv::FileOperation::kSync) return write_error_;
    syncing_threads_.push_back(std::this_thread::get_id());
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
    --waiting_;
    return sync_error_;
  }
  void Close() {
    Set([&] { open_ = false; });
  }
  void Open() {
    Set([&] { open_ = true; });
  }
  void FailSync(int error) {
    Set([&] { sync_error_ = error; });
  }
  void FailWrite(int error) {
    Set([&] { write_error_ = error; });
  }
  void AwaitSync() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ > 0; });
  }
  std::size_t syncs() {
    std::lock_guard lock(mutex_);
    return syncing_threads_.size();
  }
  // Who came to sync since this was asked last, in order.
  std::vector<std::thread::id> TakeSyncingThreads() {
    std::lock_guard lock(mutex_);
    return std::exchange(syncing_threads_, {});
  }

 private:
  template <typename F>
  void Set(F&& change) {
    std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  int waiting_ = 0;
  std::vector<std::thread::id> syncing_threads_;
  int sync_error_ = 0;
  int write_error_ = 0;
};

class CommitterTest : public TableTest {
 protected:
  CommitterTest() { Reopen(); }  // now with this class's store options
  ~CommitterTest() override {
    gate_.Open();
    Close();  // passes the gate
  }

  kv::Options store_options() override {
    kv::Options options = TableTest::store_options();
    options.file_fault = [this](kv::FileOperation operation, std::string_view file) {
      return gate_.Pass(operation, file);
    };
    return options;
  }

  SyncGate gate_;
};

}  // namespace kalam::table
