#pragma once

#include <cstdint>
#include <string_view>

namespace kalam::net {

// Checks UTF-8 that arrives in pieces, cut anywhere, and objects at the first byte that no valid
// text could go on with: overlong forms, surrogates and values above U+10FFFF included.
class Utf8Validator {
 public:
  // False once the text can't be valid any more; then it stays so until Reset.
  bool Put(std::string_view piece);

  // The text could end here: no character is half read.
  bool complete() const { return missing_ == 0; }

  void Reset() { *this = Utf8Validator(); }

 private:
  bool PutByte(std::uint8_t byte);

  std::uint8_t missing_ = 0;  // continuation bytes that the current character still needs
  std::uint8_t low_ = 0x80;   // bounds of the next one: narrower after E0, ED, F0 and F4
  std::uint8_t high_ = 0xbf;
  bool failed_ = false;
};

}  // namespace kalam::net
