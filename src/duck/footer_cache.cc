#include "footer_cache.h"

#include <utility>

#include <sys/stat.h>

namespace kalam::duck {
namespace {

// A footer as objects, against its length in the file: strings, optional fields and lists of their own.
constexpr std::size_t kParsedBytesPerByte = 8;

}  // namespace

FileIdentity FileIdentity::Of(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return {};
  constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
  return {.inode = file.st_ino,
          .bytes = static_cast<std::uint64_t>(file.st_size),
          .modified_ns = file.st_mtim.tv_sec * kNanosPerSecond + file.st_mtim.tv_nsec};
}

FooterCache::Footer FooterCache::Find(const std::string& path, const FileIdentity& file) {
  std::list<Entry> dropped;  // which takes its time, and waits for the end of the lock
  const std::lock_guard lock(mutex_);
  const auto known = by_path_.find(path);
  if (known == by_path_.end()) return nullptr;
  if (known->second->file != file) {
    Drop(known, dropped);
    return nullptr;
  }
  by_use_.splice(by_use_.begin(), by_use_, known->second);
  return known->second->footer;
}

void FooterCache::Keep(const std::string& path, const FileIdentity& file, Footer footer, std::size_t bytes_in_file) {
  std::list<Entry> dropped;
  const std::lock_guard lock(mutex_);
  if (by_path_.contains(path)) return;
  by_use_.push_front({path, file, std::move(footer), kParsedBytesPerByte * bytes_in_file});
  by_path_.emplace(path, by_use_.begin());
  bytes_ += by_use_.front().bytes;
  while (bytes_ > max_bytes_) Drop(by_path_.find(by_use_.back().path), dropped);
}

void FooterCache::Forget(const std::string& path) {
  std::list<Entry> dropped;
  const std::lock_guard lock(mutex_);
  const auto known = by_path_.find(path);
  if (known != by_path_.end()) Drop(known, dropped);
}

void FooterCache::Drop(ByPath::iterator entry, std::list<Entry>& dropped) {
  bytes_ -= entry->second->bytes;
  dropped.splice(dropped.begin(), by_use_, entry->second);
  by_path_.erase(entry);
}

}  // namespace kalam::duck
