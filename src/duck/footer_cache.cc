#include "footer_cache.h"

#include "base/bytes.h"

#include <array>
#include <fstream>

#include <duckdb/storage/object_cache.hpp>

namespace kalam::duck {
namespace {

// A footer as objects, against its length in the file: strings, optional fields and lists of their
// own.
constexpr std::size_t kParsedBytesPerByte = 8;

// The file ends with the footer's length and "PAR1" (Parquet, "File Format").
std::size_t ParsedBytes(const std::string& path) {
  std::array<char, 8> end{};
  std::ifstream file(path, std::ios::binary);
  file.seekg(-static_cast<std::streamoff>(end.size()), std::ios::end);
  if (!file.read(end.data(), end.size())) return 0;
  return kParsedBytesPerByte * LoadLittleEndian<std::uint32_t>(end.data());
}

}  // namespace

void FooterCache::Used(duckdb::ClientContext& context, const std::string& path) {
  std::list<Footer> forgotten;
  {
    const std::lock_guard lock(mutex_);
    const auto known = by_path_.find(path);
    if (known != by_path_.end()) return by_use_.splice(by_use_.begin(), by_use_, known->second);
  }
  const std::size_t bytes = ParsedBytes(path);
  {
    const std::lock_guard lock(mutex_);
    if (by_path_.contains(path)) return;
    by_use_.push_front({path, bytes});
    by_path_.emplace(path, by_use_.begin());
    bytes_ += bytes;
    while (bytes_ > max_bytes_) {
      const auto oldest = std::prev(by_use_.end());
      bytes_ -= oldest->bytes;
      by_path_.erase(oldest->path);
      forgotten.splice(forgotten.begin(), by_use_, oldest);
    }
  }
  auto& kept = duckdb::ObjectCache::GetObjectCache(context);
  for (const Footer& footer : forgotten) kept.Delete(footer.path);
}

void FooterCache::Forget(duckdb::ObjectCache& kept, const std::string& path) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = by_path_.find(path);
    if (known == by_path_.end()) return;
    bytes_ -= known->second->bytes;
    by_use_.erase(known->second);
    by_path_.erase(known);
  }
  kept.Delete(path);
}

}  // namespace kalam::duck
