#include "cold/key_filter.h"

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace kalam::cold {
namespace {

constexpr char kVersion = 1;
constexpr unsigned kProbes = 7;
constexpr std::uint64_t kBitsPerKey = 10;
constexpr std::size_t kHeaderBytes = 2;

std::uint64_t HashOf(std::string_view key) { return XXH3_64bits(key.data(), key.size()); }

// The bits of a key: one hash, stepped on by a rotation of itself.
class Probes {
 public:
  Probes(std::uint64_t hash, std::uint64_t bits)
      : hash_(hash), step_((hash >> 32) | (hash << 32) | 1), bits_(bits) {}
  std::uint64_t Next() {
    const std::uint64_t bit = hash_ % bits_;
    hash_ += step_;
    return bit;
  }

 private:
  std::uint64_t hash_;
  const std::uint64_t step_;
  const std::uint64_t bits_;
};

}  // namespace

void KeyFilter::Builder::Add(std::string_view key) { hashes_.push_back(HashOf(key)); }

std::string KeyFilter::Builder::Finish() const {
  const std::uint64_t words = std::max<std::uint64_t>(1, (hashes_.size() * kBitsPerKey + 63) / 64);
  std::string bytes(kHeaderBytes + words * 8, '\0');
  bytes[0] = kVersion;
  bytes[1] = static_cast<char>(kProbes);
  for (const std::uint64_t hash : hashes_) {
    Probes probes(hash, words * 64);
    for (unsigned i = 0; i < kProbes; ++i) {
      const std::uint64_t bit = probes.Next();
      bytes[kHeaderBytes + bit / 8] |= static_cast<char>(1 << (bit % 8));
    }
  }
  return bytes;
}

Result<KeyFilter> KeyFilter::Decode(std::string bytes) {
  const bool sound = bytes.size() > kHeaderBytes && bytes[0] == kVersion &&
                     static_cast<unsigned char>(bytes[1]) == kProbes &&
                     (bytes.size() - kHeaderBytes) % 8 == 0;
  if (!sound) return Error(ErrorCode::kCorruption, "key filter of an unknown form");
  return KeyFilter(std::move(bytes));
}

bool KeyFilter::MayContain(std::string_view key) const {
  Probes probes(HashOf(key), (bytes_.size() - kHeaderBytes) * 8);
  for (unsigned i = 0; i < kProbes; ++i) {
    const std::uint64_t bit = probes.Next();
    if (((bytes_[kHeaderBytes + bit / 8] >> (bit % 8)) & 1) == 0) return false;
  }
  return true;
}

}  // namespace kalam::cold
