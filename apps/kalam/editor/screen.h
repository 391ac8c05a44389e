#pragma once

#include <cstddef>
#include <string>

#include "editor/frame.h"

namespace kalam::cli {

// The part of the terminal that the editor draws on: from the row where the prompt began down to the end.
// Knows what is there and writes only the rows that differ, each in one piece. Never scrolls more than it
// grows, and relies on no automatic wrapping. One thread.
class Screen {
 public:
  // What turns the last frame into this one is appended to *out.
  void Draw(const Frame& frame, TerminalSize size, std::string* out);

  // Leaves the frame standing: the cursor goes to a new row under it.
  void Finish(std::string* out);

  // The terminal has another size: it may have wrapped our rows anew. What is left of them goes, and the
  // next Draw() starts from an empty screen.
  void Resize(TerminalSize size, std::string* out);

  // Erases the whole terminal.
  void Clear(std::string* out);

 private:
  void MoveToRow(std::size_t row, std::string* out);

  Frame shown_;
  std::size_t row_ = 0;  // where the terminal's cursor is, counted from the first of ours
};

}  // namespace kalam::cli
