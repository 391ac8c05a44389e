#include "model/generated_ids.h"

#include <array>
#include <cstdint>
#include <random>

namespace kalam {
namespace {

// Seeded from the operating system once a thread. Ids must be unique, not secret.
std::uint64_t Random64() {
  thread_local std::mt19937_64 engine = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  return engine();
}

}  // namespace

std::string MakeUuidV7(TimestampMicros now) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto millis = static_cast<std::uint64_t>(now / 1000);
  // | unix_ts_ms 48 | version 4 | rand_a 12 | variant 2 | rand_b 62 |
  const std::uint64_t high = (millis << 16) | 0x7000 | (Random64() & 0x0FFF);
  const std::uint64_t low = (std::uint64_t{2} << 62) | (Random64() >> 2);
  std::string text;
  text.reserve(36);
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) text += '-';
    const std::uint64_t half = nibble < 16 ? high : low;
    text += kHex[(half >> (60 - 4 * (nibble % 16))) & 15];
  }
  return text;
}

std::string MakeUlid(TimestampMicros now) {
  static constexpr char kAlphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string text(26, '0');
  auto millis = static_cast<std::uint64_t>(now / 1000);
  for (int i = 9; i >= 0; --i, millis >>= 5) text[static_cast<std::size_t>(i)] = kAlphabet[millis & 31];
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 16; ++i, bits >>= 5) {
    if (i % 8 == 0) bits = Random64();  // 8 characters use 40 of the 64 bits
    text[10 + i] = kAlphabet[bits & 31];
  }
  return text;
}

}  // namespace kalam
