#include "utf8.h"

#include <cstring>

namespace kalam::net {

bool Utf8Validator::Put(std::string_view piece) {
  if (failed_) return false;
  const char* at = piece.data();
  const char* const end = at + piece.size();
  while (at != end) {
    // Most text is ASCII: eight bytes at a time while no high bit is set.
    while (missing_ == 0 && end - at >= 8) {
      std::uint64_t word;
      std::memcpy(&word, at, sizeof word);
      if ((word & 0x8080808080808080u) != 0) break;
      at += sizeof word;
    }
    if (at == end) break;
    if (!PutByte(static_cast<std::uint8_t>(*at++))) {
      failed_ = true;
      return false;
    }
  }
  return true;
}

bool Utf8Validator::PutByte(std::uint8_t byte) {
  if (missing_ > 0) {
    if (byte < low_ || byte > high_) return false;
    low_ = 0x80;
    high_ = 0xbf;
    --missing_;
    return true;
  }
  if (byte < 0x80) return true;
  if (byte < 0xc2 || byte > 0xf4) return false;  // C0 and C1 would be overlong
  missing_ = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
  if (byte == 0xe0) low_ = 0xa0;   // shorter would do
  if (byte == 0xed) high_ = 0x9f;  // surrogates
  if (byte == 0xf0) low_ = 0x90;   // shorter would do
  if (byte == 0xf4) high_ = 0x8f;  // beyond U+10FFFF
  return true;
}

}  // namespace kalam::net
