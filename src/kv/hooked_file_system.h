#pragma once

#include <rocksdb/file_system.h>

#include <functional>
#include <memory>
#include <string_view>

#include "kv/store.h"

namespace kalam::kv {

// `base`, with `fault` asked before each creation, write and sync: how tests make a disk fail.
std::shared_ptr<rocksdb::FileSystem> MakeHookedFileSystem(
    std::shared_ptr<rocksdb::FileSystem> base, std::function<int(FileOperation, std::string_view)> fault);

}  // namespace kalam::kv
