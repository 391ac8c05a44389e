#include "hooked_file_system.h"

#include <cerrno>
#include <cstring>
#include <string>

namespace kalam::kv {
namespace {

using Fault = std::function<int(FileOperation, std::string_view)>;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus FromErrno(int error, const std::string& file) {
  IOStatus status = error == ENOSPC ? IOStatus::NoSpace(file, std::strerror(error))
                                    : IOStatus::IOError(file, std::strerror(error));
  status.SetRetryable(error == ENOSPC);
  return status;
}

class HookedFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  HookedFile(std::unique_ptr<rocksdb::FSWritableFile> file, std::string name, const Fault& fault)
      : FSWritableFileOwnerWrapper(std::move(file)), name_(std::move(name)), fault_(fault) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* context) override {
    if (const int error = fault_(FileOperation::kWrite, name_)) return FromErrno(error, name_);
    return FSWritableFileOwnerWrapper::Append(data, options, context);
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& verification,
                  IODebugContext* context) override {
    if (const int error = fault_(FileOperation::kWrite, name_)) return FromErrno(error, name_);
    return FSWritableFileOwnerWrapper::Append(data, options, verification, context);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* context) override {
    if (const int error = fault_(FileOperation::kSync, name_)) return FromErrno(error, name_);
    return FSWritableFileOwnerWrapper::Sync(options, context);
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* context) override {
    if (const int error = fault_(FileOperation::kSync, name_)) return FromErrno(error, name_);
    return FSWritableFileOwnerWrapper::Fsync(options, context);
  }

 private:
  const std::string name_;
  const Fault& fault_;
};

class HookedFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  HookedFileSystem(std::shared_ptr<rocksdb::FileSystem> base, Fault fault)
      : FileSystemWrapper(std::move(base)), fault_(std::move(fault)) {}

  const char* Name() const override { return "HookedFileSystem"; }

  IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                           IODebugContext* context) override {
    if (const int error = fault_(FileOperation::kCreate, name)) return FromErrno(error, name);
    const IOStatus status = FileSystemWrapper::NewWritableFile(name, options, file, context);
    if (status.ok()) *file = std::make_unique<HookedFile>(std::move(*file), name, fault_);
    return status;
  }

 private:
  const Fault fault_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> MakeHookedFileSystem(std::shared_ptr<rocksdb::FileSystem> base, Fault fault) {
  return std::make_shared<HookedFileSystem>(std::move(base), std::move(fault));
}

}  // namespace kalam::kv
