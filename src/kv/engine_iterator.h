#pragma once

#include <rocksdb/db.h>

#include <memory>

#include "kv/iterator.h"

namespace kalam::kv {

std::unique_ptr<Iterator> MakeIterator(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
                                       IteratorOptions options);

}  // namespace kalam::kv
