#pragma once

#include <memory>

#include <rocksdb/env.h>

namespace kalam::kv {

// What the engine has to say goes to our log. Its own file of messages would be one more thing that
// fails on a full disk, and the engine ends the process when it writes to that file once more.
std::shared_ptr<rocksdb::Logger> MakeEngineLog();

}  // namespace kalam::kv
