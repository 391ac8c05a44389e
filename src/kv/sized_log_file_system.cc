#include "sized_log_file_system.h"

#include <string>
#include <utility>

#include "log_writeback.h"
#include "log_zeroer.h"

namespace kalam::kv {
namespace {

class SizedLogFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  SizedLogFileSystem()
      : FileSystemWrapper(rocksdb::FileSystem::Default()), zeroer_(rocksdb::FileSystem::Default()) {}

  const char* Name() const override { return "SizedLogFileSystem"; }

  rocksdb::FileOptions OptimizeForLogWrite(const rocksdb::FileOptions& options,
                                           const rocksdb::DBOptions& database) const override {
    rocksdb::FileOptions log = FileSystemWrapper::OptimizeForLogWrite(options, database);
    log.fallocate_with_keep_size = false;
    return log;
  }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    auto made = FileSystemWrapper::NewWritableFile(path, options, file, debug);
    const bool is_log = !options.fallocate_with_keep_size;  // see above
    if (made.ok() && is_log && options.allow_fallocate) {
      *file = LogWriteback::Watch(zeroer_.Watch(std::move(*file), path));
    }
    return made;
  }

 private:
  LogZeroer zeroer_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> MakeSizedLogFileSystem() { return std::make_shared<SizedLogFileSystem>(); }

}  // namespace kalam::kv
