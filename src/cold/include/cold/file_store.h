#pragma once

#include "cold/object_store.h"

#include <memory>

namespace kalam::cold {

// Objects as files below `root`, which is created if missing. No name leads outside: paths are
// opened segment by segment below the root and symbolic links are refused, also those that appear
// later. Durable means: the file, its directory entry and every folder made for it have been
// synced. Errors: kIo naming the folder.
Result<std::unique_ptr<ObjectStore>> OpenFileStore(const std::filesystem::path& root);

}  // namespace kalam::cold
