#pragma once

#include <rocksdb/file_system.h>

#include <memory>

namespace kalam::kv {

// The default file system, whose write-ahead logs have their length from the start: the space that is reserved ahead
// counts as part of the file and reads as zeros until it is written. A sync then has no new length to record in the
// file system's journal, which on ext4 is a third of its time. The replay takes zeros for the end of the log, and
// closing a log cuts it to what was written. See also log_zeroer.h and log_writeback.h.
std::shared_ptr<rocksdb::FileSystem> MakeSizedLogFileSystem();

}  // namespace kalam::kv
