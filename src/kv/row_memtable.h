#pragma once

#include <rocksdb/memtablerep.h>

#include <memory>

namespace kalam::kv {

// Memtables on an EntryList instead of the engine's skip list; see there for what that gains. For families
// ordered bytewise, with one writer at a time (allow_concurrent_memtable_write off).
std::shared_ptr<rocksdb::MemTableRepFactory> MakeRowMemtables();

}  // namespace kalam::kv
