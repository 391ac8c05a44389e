#include "editor/utf8_text.h"

#include <algorithm>

namespace kalam::cli {

namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

std::size_t Utf8Length(unsigned char first) {
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return 2;
  if (first < 0xF0) return 3;
  return first < 0xF5 ? 4 : 0;
}

bool IsUtf8Prefix(std::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes.front());
  const std::size_t length = Utf8Length(first);
  if (length == 0 || bytes.size() > length) return false;
  if (!std::all_of(bytes.begin() + 1, bytes.end(), IsContinuation)) return false;
  if (bytes.size() < 2) return true;
  const auto second = static_cast<unsigned char>(bytes[1]);
  switch (first) {
    case 0xE0: return second >= 0xA0;  // no overlong forms
    case 0xED: return second < 0xA0;   // no surrogates
    case 0xF0: return second >= 0x90;
    case 0xF4: return second < 0x90;   // nothing above U+10FFFF
    default: return true;
  }
}

std::string CleanInput(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const auto byte = static_cast<unsigned char>(bytes[at]);
    if (byte == '\r') {
      text += '\n';
      at += bytes.substr(at, 2) == "\r\n" ? 2 : 1;
      continue;
    }
    if (byte < 0x80) {
      if ((byte >= 0x20 && byte != 0x7F) || byte == '\n' || byte == '\t') text += static_cast<char>(byte);
      ++at;
      continue;
    }
    const std::size_t length = Utf8Length(byte);
    const std::string_view character = bytes.substr(at, length);
    if (length != 0 && character.size() == length && IsUtf8Prefix(character)) {
      text += character;
      at += length;
    } else {
      text += kReplacementCharacter;
      ++at;
    }
  }
  return text;
}

}  // namespace kalam::cli
