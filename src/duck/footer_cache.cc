#include "footer_cache.h"

#include <utility>

namespace kalam::duck {
namespace {

// A footer as objects, against its length in the file: strings, optional fields and lists of their own.
constexpr std::size_t kParsedBytesPerByte = 8;

}  // namespace

FooterCache::Footer FooterCache::Find(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto known = by_path_.find(path);
  if (known == by_path_.end()) return nullptr;
  by_use_.splice(by_use_.begin(), by_use_, known->second);
  return known->second->footer;
}

void FooterCache::Keep(const std::string& path, Footer footer, std::size_t bytes_in_file) {
  std::list<Entry> forgotten;  // which takes its time, and waits for the end of the lock
  const std::lock_guard lock(mutex_);
  if (by_path_.contains(path)) return;
  by_use_.push_front({path, std::move(footer), kParsedBytesPerByte * bytes_in_file});
  by_path_.emplace(path, by_use_.begin());
  bytes_ += by_use_.front().bytes;
  while (bytes_ > max_bytes_) {
    const auto oldest = std::prev(by_use_.end());
    bytes_ -= oldest->bytes;
    by_path_.erase(oldest->path);
    forgotten.splice(forgotten.begin(), by_use_, oldest);
  }
}

void FooterCache::Forget(const std::string& path) {
  std::list<Entry> forgotten;
  const std::lock_guard lock(mutex_);
  const auto known = by_path_.find(path);
  if (known == by_path_.end()) return;
  bytes_ -= known->second->bytes;
  forgotten.splice(forgotten.begin(), by_use_, known->second);
  by_path_.erase(known);
}

}  // namespace kalam::duck
