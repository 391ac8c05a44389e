#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace kalam::kv {

// The fixed sets of keys of a store. Each has its own memtable and files, tuned for its use.
enum class Family : std::uint8_t {
  kMeta,  // catalog documents, the seq lease: small, read rarely
  kHot,   // newest version of each row
  kLog,   // change log: appended, read in order, dropped by age and size
  kJobs,  // job records, with a cache of their own: listings must not push rows out of the other
};
inline constexpr int kFamilies = 4;

// Changes that a store applies all or not at all, in the order they were added. Not thread-safe. The
// bytes live in one buffer that Clear keeps, so a reused batch does not allocate.
//
// Bytes that are known only at the moment of the write (a row's seq) are patched in place: Put says
// where key and value went, `at` gives access.
class Batch {
 public:
  Batch();
  ~Batch();
  Batch(Batch&&) noexcept;
  Batch& operator=(Batch&&) noexcept;

  // Offsets of the first byte of key and value, valid until Clear.
  struct Place {
    std::size_t key;
    std::size_t value;
  };

  Place Put(Family family, std::string_view key, std::string_view value);
  // The same with key and value given in pieces, which saves the caller from joining them. At most 8
  // pieces each.
  Place PutParts(Family family, std::span<const std::string_view> key,
                 std::span<const std::string_view> value);
  void Delete(Family family, std::string_view key);
  // Removes begin <= key < end.
  void DeleteRange(Family family, std::string_view begin, std::string_view end);
  // Every key that starts with `prefix`, which must not be empty nor all 0xFF.
  void DeletePrefix(Family family, std::string_view prefix);

  Batch Clone() const;

  // Writable bytes at an offset that Put returned. The pointer is valid until the next change.
  char* at(std::size_t offset);

  bool empty() const { return count() == 0; }
  std::size_t count() const;
  std::size_t bytes() const;
  // Forgets the changes, keeps the memory (up to 1 MiB of it).
  void Clear();

 private:
  friend class Store;
  struct Impl;
  explicit Batch(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kalam::kv
