#include "sized_log_file_system.h"

namespace kalam::kv {
namespace {

class SizedLogFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  SizedLogFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  const char* Name() const override { return "SizedLogFileSystem"; }

  rocksdb::FileOptions OptimizeForLogWrite(const rocksdb::FileOptions& options,
                                           const rocksdb::DBOptions& database) const override {
    rocksdb::FileOptions log = FileSystemWrapper::OptimizeForLogWrite(options, database);
    log.fallocate_with_keep_size = false;
    return log;
  }
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> MakeSizedLogFileSystem() { return std::make_shared<SizedLogFileSystem>(); }

}  // namespace kalam::kv
