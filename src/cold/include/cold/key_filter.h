#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::cold {

// Which primary keys (in key form) a segment may hold: a Bloom filter with 10 bits and 7 probes a
// key, wrong about one absent key in 120 and never about a present one (Kirsch and Mitzenmacher,
// "Less Hashing, Same Performance", 2006). Immutable and thread-safe.
//
//   | version u8 = 1 | probes u8 | bits: a multiple of 64, LE |
class KeyFilter {
 public:
  // Collects the keys of one segment. 8 bytes a key until Finish.
  class Builder {
   public:
    void Add(std::string_view key);
    // The filter's bytes.
    std::string Finish() const;

   private:
    std::vector<std::uint64_t> hashes_;
  };

  // Errors: kCorruption.
  static Result<KeyFilter> Decode(std::string bytes);

  bool MayContain(std::string_view key) const;
  std::size_t bytes() const { return bytes_.size(); }
  const std::string& encoded() const { return bytes_; }

 private:
  explicit KeyFilter(std::string bytes) : bytes_(std::move(bytes)) {}
  std::string bytes_;
};

}  // namespace kalam::cold
