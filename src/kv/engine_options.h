#pragma once

#include <rocksdb/options.h>

#include <array>
#include <memory>

#include "kv/store.h"

// How the engine is tuned, in one place.
namespace kalam::kv {

inline constexpr std::array<const char*, kFamilies> kFamilyNames = {"meta", "hot", "log", "jobs"};

// `file_system_bytes`: size of the file system that holds the store; a small one is treated with care.
rocksdb::DBOptions DatabaseOptions(const Options& options, std::uint64_t file_system_bytes);

// For each Family in order. They share one block cache, which is returned in `cache`; kJobs has one of its own.
std::array<rocksdb::ColumnFamilyOptions, kFamilies> FamilyOptions(
    const Options& options, std::shared_ptr<rocksdb::Cache>& cache);

}  // namespace kalam::kv
