#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kalam::kv {

class Snapshot;

struct IteratorOptions {
  std::shared_ptr<const Snapshot> snapshot{};  // null: the state at creation
  std::string lower{};                       // inclusive; empty: from the start
  std::string upper{};                       // exclusive; empty: to the end
  bool cache_only = false;                   // stop with would_block() instead of reading the disk
  bool fill_cache = true;                    // false for sweeps that would push out what is hot
};

// Walks keys in order within its bounds. Not thread-safe. Holds its snapshot.
//
//   for (it->SeekToFirst(); it->Valid(); it->Next()) use(it->key(), it->value());
//   KALAM_TRY(it->status());
class Iterator {
 public:
  virtual ~Iterator() = default;

  virtual void SeekToFirst() = 0;
  virtual void SeekToLast() = 0;
  // To the first key >= `key`.
  virtual void Seek(std::string_view key) = 0;
  // To the last key <= `key`.
  virtual void SeekForPrev(std::string_view key) = 0;
  virtual void Next() = 0;
  virtual void Prev() = 0;

  // False at the end of the bounds, after a failure and when it would block.
  virtual bool Valid() const = 0;
  // Valid until the next move.
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;

  // With cache_only: the next step needs the disk; start again without it.
  virtual bool would_block() const = 0;
  // Ok at the end of the bounds. Errors: kCorruption, kIo.
  virtual Status status() const = 0;
};

}  // namespace kalam::kv
