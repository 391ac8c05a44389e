#pragma once

#include "duckdb_headers.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

namespace duckdb {
class ParquetFileMetadataCache;
}

namespace kalam::duck {

// One file among all that ever have its path.
struct FileIdentity {
  std::uint64_t inode = 0;
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0;

  // All zero: there is no such file.
  static FileIdentity Of(const std::string& path);
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// Keeps the footers of files that were read, parsed, so that a read of one row does not parse the descriptions of all
// row groups each time [a tenth of a point read]; those used last.
//
// Thread-safe.
class FooterCache {
 public:
  using Footer = duckdb::shared_ptr<duckdb::ParquetFileMetadataCache>;

  explicit FooterCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // Null: it is not here.
  Footer Find(const std::string& path, const FileIdentity& file);
  // `bytes_in_file`: its length there.
  void Keep(const std::string& path, const FileIdentity& file, Footer footer, std::size_t bytes_in_file);
  // The file goes.
  void Forget(const std::string& path);

 private:
  struct Entry {
    std::string path;
    FileIdentity file;
    Footer footer;
    std::size_t bytes;
  };

  using ByPath = std::unordered_map<std::string, std::list<Entry>::iterator>;

  void Drop(ByPath::iterator entry, std::list<Entry>& dropped);

  const std::size_t max_bytes_;
  std::mutex mutex_;
  std::list<Entry> by_use_;  // the latest at the front; guarded by mutex_, as all below
  ByPath by_path_;
  std::size_t bytes_ = 0;
};

}  // namespace kalam::duck
