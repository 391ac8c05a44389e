#include "engine_status.h"

#include <string>

namespace kalam::kv {

Error FromEngine(const rocksdb::Status& status) {
  if (IsDiskFull(status)) return Error(ErrorCode::kIo, std::string(kDiskFullText));
  const ErrorCode code = status.IsCorruption() ? ErrorCode::kCorruption
                         : status.IsIOError()  ? ErrorCode::kIo
                                               : ErrorCode::kInternal;
  return Error(code, status.ToString());
}

Error FromEngineOpen(const rocksdb::Status& status, std::string_view path) {
  const std::string folder = "data folder '" + std::string(path) + "'";
  const std::string text = status.ToString();
  // The engine has no code of its own for a held lock; both of its messages (lock held by another
  // process, lock held by this one) name the LOCK file.
  const bool about_lock = text.find("LOCK") != std::string::npos &&
                          (text.find("temporarily unavailable") != std::string::npos ||
                           text.find("lock hold by current process") != std::string::npos);
  if (about_lock) {
    return Error(ErrorCode::kUnavailable, folder + " is in use by another kalamdb-server");
  }
  if (IsDiskFull(status)) return Error(ErrorCode::kIo, "cannot open " + folder + ": disk full");
  return FromEngine(status).Context("cannot open " + folder);
}

}  // namespace kalam::kv
