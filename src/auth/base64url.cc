#include "base64url.h"

#include <array>
#include <cstdint>

namespace kalam::auth {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kInvalid = 0xFF;

constexpr std::array<std::uint8_t, 256> kValueOf = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kInvalid);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

}  // namespace

std::string EncodeBase64Url(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t window = 0;
  int bits = 0;
  for (const char byte : bytes) {
    window = window << 8 | static_cast<unsigned char>(byte);
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      text.push_back(kAlphabet[window >> bits & 0x3F]);
    }
  }
  if (bits > 0) text.push_back(kAlphabet[window << (6 - bits) & 0x3F]);
  return text;
}

std::optional<std::size_t> DecodeBase64Url(std::string_view text, char* out) {
  std::uint32_t window = 0;
  int bits = 0;
  char* next = out;
  for (const char c : text) {
    const std::uint8_t value = kValueOf[static_cast<unsigned char>(c)];
    if (value == kInvalid) return std::nullopt;
    window = window << 6 | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      *next++ = static_cast<char>(window >> bits);
    }
  }
  // Six bits left over hold no whole byte; two or four must be zero.
  if (bits == 6 || (window & ((1u << bits) - 1)) != 0) return std::nullopt;
  return static_cast<std::size_t>(next - out);
}

}  // namespace kalam::auth
