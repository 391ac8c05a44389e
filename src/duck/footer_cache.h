#pragma once

#include "duckdb_headers.h"

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

namespace duckdb {
class ParquetFileMetadataCache;
}

namespace kalam::duck {

// Keeps the footers of files that were read, parsed, so that a read of one row does not parse the descriptions of all
// row groups each time [a tenth of a point read]; those used last.
//
// Thread-safe.
class FooterCache {
 public:
  using Footer = duckdb::shared_ptr<duckdb::ParquetFileMetadataCache>;

  explicit FooterCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // Null: it is not here.
  Footer Find(const std::string& path);
  // `bytes_in_file`: its length there.
  void Keep(const std::string& path, Footer footer, std::size_t bytes_in_file);
  // The file goes.
  void Forget(const std::string& path);

 private:
  struct Entry {
    std::string path;
    Footer footer;
    std::size_t bytes;
  };

  const std::size_t max_bytes_;
  std::mutex mutex_;
  std::list<Entry> by_use_;  // the latest at the front
  std::unordered_map<std::string, std::list<Entry>::iterator> by_path_;
  std::size_t bytes_ = 0;
};

}  // namespace kalam::duck
