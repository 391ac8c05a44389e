#include "log_zeroer.h"

#include <pthread.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace kalam::kv {
namespace {

// Some thousand rows.
constexpr std::uint64_t kStep = 4 << 20;
// The next step begins when no more than this is left of the last one.
constexpr std::uint64_t kLeft = 2 << 20;
// Written and synced at a time: an append or a sync that comes meanwhile waits for as much.
constexpr std::size_t kPiece = 128 << 10;
// A log that has grown faster than this since the last step gets no further one: 64 MB/s.
constexpr std::uint64_t kMostPerMilli = 64 << 10;

}  // namespace

// Of one log, shared by its file and the thread.
struct LogZeroer::State {
  const std::string path;
  std::mutex mutex;
  std::uint64_t appended = 0;  // guarded by mutex, like all of these; bytes
  std::uint64_t reserved = 0;
  std::uint64_t zeroed = 0;  // up to here, or left as it is
  bool asked = false;
  bool closed = false;  // from now on its length is final
  std::optional<Time> stepped;        // when the last step began; the thread's own, as the next
  std::uint64_t appended_before = 0;  // it

  bool IsDue() const { return appended + kLeft > zeroed && zeroed < reserved; }
};

class LogZeroer::Log final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  Log(LogZeroer& zeroer, std::unique_ptr<rocksdb::FSWritableFile> log, std::string path)
      : FSWritableFileOwnerWrapper(std::move(log)),
        zeroer_(zeroer),
        state_(std::make_shared<State>(std::move(path))) {}
  ~Log() override { MarkClosed(); }

  void PrepareWrite(std::size_t offset, std::size_t bytes, const rocksdb::IOOptions& options,
                    rocksdb::IODebugContext* debug) override {
    FSWritableFileOwnerWrapper::PrepareWrite(offset, bytes, options, debug);
    std::size_t block = 0, blocks = 0;
    GetPreallocationStatus(&block, &blocks);
    const std::lock_guard lock(state_->mutex);
    state_->reserved = std::uint64_t{block} * blocks;
  }

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    Advance(data.size());
    return FSWritableFileOwnerWrapper::Append(data, options, debug);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& verification,
                           rocksdb::IODebugContext* debug) override {
    Advance(data.size());
    return FSWritableFileOwnerWrapper::Append(data, options, verification, debug);
  }

  rocksdb::IOStatus Close(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    MarkClosed();
    return FSWritableFileOwnerWrapper::Close(options, debug);
  }

 private:
  // Before the bytes are written: where they go is never zeroed from now on.
  void Advance(std::size_t bytes) {
    {
      const std::lock_guard lock(state_->mutex);
      state_->appended += bytes;
      if (state_->asked || !state_->IsDue()) return;
      state_->asked = true;
    }
    zeroer_.Ask(state_);
  }

  void MarkClosed() {
    const std::lock_guard lock(state_->mutex);
    state_->closed = true;
  }

  LogZeroer& zeroer_;
  const std::shared_ptr<State> state_;
};

LogZeroer::LogZeroer(std::shared_ptr<rocksdb::FileSystem> files, std::function<Time()> now)
    : files_(std::move(files)), now_(std::move(now)), zeros_(kPiece, '\0'), thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "wal-zero");
}

LogZeroer::~LogZeroer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  asked_.notify_one();
  thread_.join();
}

std::unique_ptr<rocksdb::FSWritableFile> LogZeroer::Watch(std::unique_ptr<rocksdb::FSWritableFile> log,
                                                          std::string path) {
  return std::make_unique<Log>(*this, std::move(log), std::move(path));
}

void LogZeroer::Ask(std::shared_ptr<State> state) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(state));
  }
  asked_.notify_one();
}

void LogZeroer::Run() {
  while (true) {
    std::vector<std::shared_ptr<State>> logs;
    {
      std::unique_lock lock(mutex_);
      asked_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      logs.swap(waiting_);
    }
    for (const auto& log : logs) {
      while (ZeroAhead(*log)) {
      }
    }
  }
}

bool LogZeroer::ZeroAhead(State& state) {
  const Time now = now_();
  {
    const std::lock_guard lock(state.mutex);
    const auto millis = state.stepped ? std::chrono::duration<double, std::milli>(now - *state.stepped).count() : 0;
    const bool too_fast = state.stepped && static_cast<double>(state.appended - state.appended_before) >
                                               millis * static_cast<double>(kMostPerMilli);
    state.stepped = now;
    state.appended_before = state.appended;
    if (too_fast) {
      state.zeroed = std::min(std::max(state.zeroed, state.appended) + kStep, state.reserved);
      state.asked = false;
      return false;
    }
  }
  const rocksdb::IOOptions options;
  std::unique_ptr<rocksdb::FSRandomRWFile> file;
  bool works = files_->NewRandomRWFile(state.path, {}, &file, nullptr).ok();
  std::uint64_t end = 0;
  while (works) {
    {
      const std::lock_guard lock(state.mutex);
      // Step by step: as far ahead as was asked for, also when appends have come past where it began.
      const std::uint64_t begin = std::max(state.zeroed, state.appended);
      if (end == 0) end = std::min(begin + kStep, state.reserved);
      if (state.closed || begin >= end) break;
      const std::uint64_t bytes = std::min<std::uint64_t>(kPiece, end - begin);
      works = file->Write(begin, rocksdb::Slice(zeros_.data(), bytes), options, nullptr).ok();
      if (works) state.zeroed = begin + bytes;
    }
    // At once: a commit's sync waits for all of the file that is not on the disk.
    works = works && file->Sync(options, nullptr).ok();
  }
  const std::lock_guard lock(state.mutex);
  const bool again = works && !state.closed && state.IsDue();
  state.asked = again || !works;  // it would fail again
  return again;
}

}  // namespace kalam::kv
