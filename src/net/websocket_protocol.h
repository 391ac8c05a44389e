#pragma once

#include <cstddef>
#include <cstdint>

namespace kalam::net {

// The numbers of RFC 6455, section 5.2.
enum class Opcode : std::uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xa,
};

inline constexpr std::uint8_t kFinalFragment = 0x80;
inline constexpr std::uint8_t kReservedBits = 0x70;
inline constexpr std::uint8_t kControlBit = 0x08;
inline constexpr std::uint8_t kMaskBit = 0x80;
inline constexpr std::size_t kMaxControlBytes = 125;

}  // namespace kalam::net
