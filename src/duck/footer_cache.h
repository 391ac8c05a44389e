#pragma once

#include "duckdb_headers.h"

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

namespace kalam::duck {

// Bounds the footers that the engine keeps of the files it has read, so that a read of one row does
// not parse the descriptions of all row groups each time [a tenth of a point read]. The engine
// itself never forgets one.
//
// Thread-safe.
class FooterCache {
 public:
  explicit FooterCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // `path` was read with `context` just now, and the engine has kept its footer. Lets it forget
  // those that were not used for the longest time, while they are more than max_bytes together.
  void Used(duckdb::ClientContext& context, const std::string& path);

  // The file goes: so does its footer, in `kept` as well.
  void Forget(duckdb::ObjectCache& kept, const std::string& path);

 private:
  struct Footer {
    std::string path;
    std::size_t bytes;
  };

  const std::size_t max_bytes_;
  std::mutex mutex_;
  std::list<Footer> by_use_;  // the latest at the front
  std::unordered_map<std::string, std::list<Footer>::iterator> by_path_;
  std::size_t bytes_ = 0;
};

}  // namespace kalam::duck
