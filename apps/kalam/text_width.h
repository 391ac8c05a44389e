#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kalam::cli {

// Text that is safe on a terminal, and how many cells it takes there.
struct DisplayText {
  std::string text;
  std::size_t width = 0;
};

// Makes data printable: control characters (C0, DEL, C1), line and paragraph separators and the
// characters that change the direction of what follows become visible escapes (\n, \x1b, \u202e);
// bytes that are not UTF-8 become U+FFFD. The width counts grapheme clusters: CJK and emoji take
// two cells, combining marks none, an emoji sequence joined by ZWJ two.
//
// Appends to *out and returns the width.
std::size_t AppendDisplayText(std::string_view data, std::string* out);

DisplayText ToDisplayText(std::string_view data);

// As AppendDisplayText, but no more than `cells` wide: where it would be, it ends in "…". Cuts between characters as
// readers see them, never within one.
std::size_t AppendShortened(std::string_view data, std::size_t cells, std::string* out);

// What stands for one character to its reader: a grapheme cluster, or one invalid byte.
struct Cluster {
  std::size_t bytes = 0;  // of the text; 0 only for an empty text
  std::size_t width = 0;  // in cells
  // Terminals don't agree on its width (emoji sequences, flags): what follows is best put at its column.
  bool disputed = false;
};

// The cluster at the start of `text`, of which the form that is safe on a terminal is appended to *out
// (nullptr: only measured).
Cluster FirstCluster(std::string_view text, std::string* out = nullptr);

// Appends `data` with control characters escaped as above, except new lines, and nothing measured:
// for messages of the server.
void AppendMessage(std::string_view data, std::string* out);

}  // namespace kalam::cli
