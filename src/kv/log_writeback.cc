#include "log_writeback.h"

#include <utility>

namespace kalam::kv {
namespace {

thread_local int writebacks = 0;

class Log final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  explicit Log(std::unique_ptr<rocksdb::FSWritableFile> log) : FSWritableFileOwnerWrapper(std::move(log)) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    return Begin(FSWritableFileOwnerWrapper::Append(data, options, debug), data.size(), options, debug);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& verification,
                           rocksdb::IODebugContext* debug) override {
    return Begin(FSWritableFileOwnerWrapper::Append(data, options, verification, debug), data.size(), options, debug);
  }

 private:
  rocksdb::IOStatus Begin(rocksdb::IOStatus appended, std::size_t bytes, const rocksdb::IOOptions& options,
                          rocksdb::IODebugContext* debug) {
    if (appended.ok()) {
      // What fails here fails the sync as well.
      if (writebacks > 0) RangeSync(size_, bytes, options, debug).PermitUncheckedError();
      size_ += bytes;
    }
    return appended;
  }

  std::uint64_t size_ = 0;
};

}  // namespace

LogWriteback::LogWriteback() { ++writebacks; }
LogWriteback::~LogWriteback() { --writebacks; }

std::unique_ptr<rocksdb::FSWritableFile> LogWriteback::Watch(std::unique_ptr<rocksdb::FSWritableFile> log) {
  return std::make_unique<Log>(std::move(log));
}

}  // namespace kalam::kv
