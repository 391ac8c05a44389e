#include "text_width.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include <utf8proc.h>

namespace kalam::cli {

namespace {

constexpr std::int32_t kReplacement = 0xFFFD;
constexpr std::int32_t kEmojiPresentation = 0xFE0F;

bool IsPlainAscii(unsigned char c) { return c >= 0x20 && c < 0x7F; }

// Whether a character may act on the terminal or on the text around it instead of being seen.
bool NeedsEscape(std::int32_t c) {
  if (c < 0x20 || (c >= 0x7F && c < 0xA0)) return true;
  if (c == 0x2028 || c == 0x2029) return true;
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F;
}

std::size_t AppendEscape(std::int32_t c, std::string* out) {
  const std::size_t before = out->size();
  switch (c) {
    case '\n':
      *out += "\\n";
      break;
    case '\r':
      *out += "\\r";
      break;
    case '\t':
      *out += "\\t";
      break;
    default: {
      char escape[12];
      std::snprintf(escape, sizeof(escape), c < 0x80 ? "\\x%02x" : "\\u%04x",
                    static_cast<unsigned>(c));
      *out += escape;
    }
  }
  return out->size() - before;
}

// The character at the start of `text`; its length in bytes goes to *length. An invalid byte is
// U+FFFD of length 1.
std::int32_t DecodeOne(std::string_view text, std::size_t* length) {
  utf8proc_int32_t c = -1;
  const auto taken = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                      static_cast<utf8proc_ssize_t>(text.size()), &c);
  if (taken <= 0) {
    *length = 1;
    return kReplacement;
  }
  *length = static_cast<std::size_t>(taken);
  return c;
}

bool IsRegionalIndicator(std::int32_t c) { return c >= 0x1F1E6 && c <= 0x1F1FF; }

}  // namespace

std::size_t AppendDisplayText(std::string_view data, std::string* out) {
  std::size_t width = 0;
  std::size_t cluster = 0;  // width of the grapheme cluster that is being read
  std::int32_t previous = 0;
  utf8proc_int32_t break_state = 0;
  for (std::size_t at = 0; at < data.size();) {
    const auto byte = static_cast<unsigned char>(data[at]);
    if (IsPlainAscii(byte)) {
      width += cluster;
      cluster = 1;
      previous = byte;
      break_state = 0;
      out->push_back(static_cast<char>(byte));
      ++at;
      continue;
    }
    std::size_t length = 0;
    const std::int32_t c = DecodeOne(data.substr(at), &length);
    if (NeedsEscape(c)) {
      width += cluster + AppendEscape(c, out);
      cluster = 0;
      previous = 0;
      break_state = 0;
      at += length;
      continue;
    }
    const bool boundary =
        previous == 0 || utf8proc_grapheme_break_stateful(previous, c, &break_state);
    std::size_t own = static_cast<std::size_t>(std::max(0, utf8proc_charwidth(c)));
    if (c == kEmojiPresentation || IsRegionalIndicator(c)) own = 2;
    if (boundary) {
      width += cluster;
      cluster = c == kEmojiPresentation ? 0 : own;
    } else {
      cluster = std::max(cluster, own);
    }
    previous = c;
    if (c == kReplacement) {
      *out += "\xEF\xBF\xBD";
    } else {
      out->append(data.substr(at, length));
    }
    at += length;
  }
  return width + cluster;
}

std::size_t AppendShortened(std::string_view data, std::size_t cells, std::string* out) {
  const std::size_t before = out->size();
  const std::size_t width = AppendDisplayText(data, out);
  if (width <= cells) return width;
  out->resize(before);
  std::size_t used = 0;
  utf8proc_int32_t break_state = 0;
  for (std::size_t begin = 0; begin < data.size();) {
    std::size_t length = 0;
    std::int32_t previous = DecodeOne(data.substr(begin), &length);
    std::size_t end = begin + length;
    while (end < data.size()) {
      const std::int32_t next = DecodeOne(data.substr(end), &length);
      if (utf8proc_grapheme_break_stateful(previous, next, &break_state)) break;
      previous = next;
      end += length;
    }
    const DisplayText cluster = ToDisplayText(data.substr(begin, end - begin));
    if (used + cluster.width + 1 > cells) break;
    out->append(cluster.text);
    used += cluster.width;
    begin = end;
  }
  if (cells == 0) return 0;
  *out += "…";
  return used + 1;
}

DisplayText ToDisplayText(std::string_view data) {
  DisplayText display;
  display.width = AppendDisplayText(data, &display.text);
  return display;
}

void AppendMessage(std::string_view data, std::string* out) {
  while (!data.empty()) {
    const std::size_t line = data.find('\n');
    AppendDisplayText(data.substr(0, line), out);
    if (line == std::string_view::npos) return;
    out->push_back('\n');
    data.remove_prefix(line + 1);
  }
}

}  // namespace kalam::cli
