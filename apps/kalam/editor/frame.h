#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text_width.h"

// What the editor shows, as rows of a terminal: pure functions, and nothing about how it got there.
namespace kalam::cli {

struct TerminalSize {
  std::size_t rows = 24;
  std::size_t columns = 80;
};

// A row, ready for the terminal: printable text and colour sequences, which it leaves switched off.
struct FrameRow {
  std::string bytes;
  std::size_t width = 0;
  // The prompt at its start, which need not be written again with the rest.
  std::size_t prompt_bytes = 0;
  std::size_t prompt_width = 0;
  friend bool operator==(const FrameRow&, const FrameRow&) = default;
};

struct Frame {
  std::vector<FrameRow> rows;
  std::size_t cursor_row = 0;
  std::size_t cursor_column = 0;
};

// A part of the text and how it looks: an SGR sequence, empty for plain.
struct StyledSpan {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  const char* style = "";
  friend bool operator==(const StyledSpan&, const StyledSpan&) = default;
};

struct View {
  FrameRow prompt;                   // in front of the first line
  FrameRow continuation;             // in front of the others
  std::string_view text;
  std::size_t cursor = 0;            // in bytes, at a cluster's border
  const std::vector<StyledSpan>* spans = nullptr;  // sorted, apart from each other; nullptr: all plain
  std::string_view suggestion;       // one line, shown grey behind the text as far as its row reaches
  std::vector<FrameRow> below;       // rows under the text; a list of completions
};

// Rows as wide as the terminal at most: lines are wrapped between clusters. A text that is higher than the terminal
// is seen through a window of rows that holds the cursor; `top` is its first row, kept from one call to the next.
Frame ComposeFrame(const View& view, TerminalSize size, std::size_t* top);

// As FirstCluster, for text that is edited: a tab is four blanks.
Cluster FirstEditCluster(std::string_view text, std::string* out = nullptr);

}  // namespace kalam::cli
