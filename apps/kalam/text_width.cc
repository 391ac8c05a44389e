#include "text_width.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include <utf8proc.h>

namespace kalam::cli {

namespace {

constexpr std::int32_t kReplacement = 0xFFFD;
constexpr std::int32_t kEmojiPresentation = 0xFE0F;
constexpr std::int32_t kJoiner = 0x200D;

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

// Cells that a character asks for in its cluster.
std::size_t WidthOf(std::int32_t c) {
  if (c == kEmojiPresentation || IsRegionalIndicator(c)) return 2;
  return static_cast<std::size_t>(std::max(0, utf8proc_charwidth(c)));
}

}  // namespace

Cluster FirstCluster(std::string_view text, std::string* out) {
  Cluster cluster;
  if (text.empty()) return cluster;
  std::int32_t previous = DecodeOne(text, &cluster.bytes);
  if (NeedsEscape(previous)) {
    std::string escape;
    cluster.width = AppendEscape(previous, out == nullptr ? &escape : out);
    return cluster;
  }
  const auto append = [&](std::int32_t c, std::size_t at, std::size_t length) {
    if (out == nullptr) return;
    if (c == kReplacement) {
      *out += "\xEF\xBF\xBD";
    } else {
      out->append(text.substr(at, length));
    }
  };
  append(previous, 0, cluster.bytes);
  cluster.width = WidthOf(previous);
  cluster.disputed = IsRegionalIndicator(previous);
  if (previous == kEmojiPresentation) cluster.width = 0;  // of nothing
  utf8proc_int32_t break_state = 0;
  while (cluster.bytes < text.size()) {
    if (IsPlainAscii(static_cast<unsigned char>(text[cluster.bytes]))) break;
    std::size_t length = 0;
    const std::int32_t next = DecodeOne(text.substr(cluster.bytes), &length);
    if (NeedsEscape(next) || utf8proc_grapheme_break_stateful(previous, next, &break_state)) break;
    append(next, cluster.bytes, length);
    const std::size_t own = WidthOf(next);
    cluster.width = std::max(cluster.width, own);
    cluster.disputed |= own > 0 || next == kJoiner;
    cluster.bytes += length;
    previous = next;
  }
  return cluster;
}

std::size_t AppendDisplayText(std::string_view data, std::string* out) {
  std::size_t width = 0;
  while (!data.empty()) {
    std::size_t plain = 0;
    while (plain < data.size() && IsPlainAscii(static_cast<unsigned char>(data[plain]))) ++plain;
    // The last of a run may be the base of a combining mark.
    if (plain > 0 && plain < data.size()) --plain;
    out->append(data.substr(0, plain));
    width += plain;
    data.remove_prefix(plain);
    if (data.empty()) break;
    const Cluster cluster = FirstCluster(data, out);
    width += cluster.width;
    data.remove_prefix(cluster.bytes);
  }
  return width;
}

std::size_t AppendShortened(std::string_view data, std::size_t cells, std::string* out) {
  const std::size_t before = out->size();
  const std::size_t width = AppendDisplayText(data, out);
  if (width <= cells) return width;
  out->resize(before);
  std::size_t used = 0;
  while (!data.empty()) {
    const Cluster cluster = FirstCluster(data);
    if (used + cluster.width + 1 > cells) break;
    FirstCluster(data, out);
    used += cluster.width;
    data.remove_prefix(cluster.bytes);
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
