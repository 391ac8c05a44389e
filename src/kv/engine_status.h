#pragma once

#include <rocksdb/status.h>

#include <string_view>

#include "base/error.h"

// RocksDB's outcomes in our words.
namespace kalam::kv {

inline constexpr std::string_view kDiskFullText =
    "disk full: writes are refused until there is space";

inline bool IsDiskFull(const rocksdb::Status& status) {
  return status.subcode() == rocksdb::Status::SubCode::kNoSpace;
}

// kCorruption, kIo ("disk full" for want of space), kInternal for what should not happen.
Error FromEngine(const rocksdb::Status& status);

// For DB::Open: names the folder, and says so when another process has it.
Error FromEngineOpen(const rocksdb::Status& status, std::string_view path);

}  // namespace kalam::kv
