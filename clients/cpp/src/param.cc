#include "kalam/param.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace kalam {
inline namespace link_v1 {

namespace {

// The length of the UTF-8 character at the start of `text`, or 0 if the bytes are not one.
// Overlong forms, surrogates and code points above U+10FFFF are not characters.
std::size_t Utf8Length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto tail = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!tail(1) || !tail(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;
    if (lead == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if (lead == 0xF0 && byte(1) < 0x90) return 0;
    if (lead == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

void AppendEscaped(unsigned char c, std::string* out) {
  switch (c) {
    case '"':
      *out += "\\\"";
      return;
    case '\\':
      *out += "\\\\";
      return;
    case '\n':
      *out += "\\n";
      return;
    case '\r':
      *out += "\\r";
      return;
    case '\t':
      *out += "\\t";
      return;
    default:
      break;
  }
  char code[8];
  std::snprintf(code, sizeof(code), "\\u%04x", c);
  *out += code;
}

}  // namespace

void AppendJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  std::size_t plain = 0;  // start of the run of bytes that go out as they are
  std::size_t at = 0;
  const auto flush = [&] { out->append(text.substr(plain, at - plain)); };
  while (at < text.size()) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c >= 0x20 && c < 0x7F && c != '"' && c != '\\') {
      ++at;
      continue;
    }
    if (c >= 0x80) {
      if (const std::size_t length = Utf8Length(text.substr(at))) {
        at += length;
        continue;
      }
      flush();
      *out += "\xEF\xBF\xBD";
    } else {
      flush();
      AppendEscaped(c, out);
    }
    plain = ++at;
  }
  flush();
  out->push_back('"');
}

Param::Param(double value) {
  if (!std::isfinite(value)) {
    json_ = "null";
    return;
  }
  char text[40];
  const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  json_.assign(text, end);
}

Param::Param(std::string_view text) { AppendJsonString(text, &json_); }

Param::Param(std::chrono::system_clock::time_point time) {
  const auto micros =
      std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch()).count();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  const std::time_t whole = static_cast<std::time_t>(seconds);
  std::tm utc{};
  gmtime_r(&whole, &utc);
  char text[64];
  const auto length = std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text + length, sizeof(text) - length, ".%06dZ",
                static_cast<int>(micros - seconds * 1'000'000));
  AppendJsonString(text, &json_);
}

}  // namespace link_v1
}  // namespace kalam
