#include "editor/screen.h"

#include <algorithm>

namespace kalam::cli {

namespace {

constexpr const char* kHideCursor = "\x1b[?25l";
constexpr const char* kShowCursor = "\x1b[?25h";
constexpr const char* kEraseToEndOfRow = "\x1b[K";
constexpr const char* kEraseBelow = "\x1b[J";

void AppendMove(std::size_t count, char direction, std::string* out) {
  if (count > 0) *out += "\x1b[" + std::to_string(count) + direction;
}

// Rows that a row takes on a terminal of that width which wraps it.
std::size_t WrappedRows(std::size_t width, std::size_t columns) {
  return width == 0 ? 1 : (width + columns - 1) / columns;
}

std::size_t CommonPromptBytes(const FrameRow& before, const FrameRow& after) {
  const std::size_t length = after.prompt_bytes;
  const bool same = before.prompt_bytes == length && before.bytes.compare(0, length, after.bytes, 0, length) == 0;
  return same ? length : 0;
}

}  // namespace

void Screen::MoveToRow(std::size_t row, std::string* out) {
  if (row < row_) AppendMove(row_ - row, 'A', out);
  if (row > row_) {
    // Down within what is there; rows below that have to be made, by scrolling if need be.
    const std::size_t last = shown_.rows.empty() ? 0 : shown_.rows.size() - 1;
    const std::size_t within = std::max(std::min(row, last), row_);
    AppendMove(within - row_, 'B', out);
    for (std::size_t i = within; i < row; ++i) *out += "\r\n";
  }
  row_ = row;
}

void Screen::Draw(const Frame& frame, TerminalSize size, std::string* out) {
  std::string drawn;
  bool rows_changed = frame.rows.size() != shown_.rows.size();
  for (std::size_t i = 0; i < frame.rows.size(); ++i) {
    const FrameRow& row = frame.rows[i];
    const bool is_new = i >= shown_.rows.size();
    if (!is_new && shown_.rows[i] == row) continue;
    rows_changed = true;
    MoveToRow(i, &drawn);
    drawn += '\r';
    const std::size_t kept = is_new ? 0 : CommonPromptBytes(shown_.rows[i], row);
    if (kept > 0) AppendMove(row.prompt_width, 'C', &drawn);
    drawn.append(row.bytes, kept);
    // Behind a full row the cursor stands on its last character, which erasing would take along.
    if ((is_new || shown_.rows[i].width > row.width) && row.width < size.columns) drawn += kEraseToEndOfRow;
    if (is_new) shown_.rows.push_back(row);
  }
  if (frame.rows.size() < shown_.rows.size()) {
    MoveToRow(frame.rows.size(), &drawn);
    drawn += std::string("\r") + kEraseBelow;
  }
  // shown_ still has the height of before, which MoveToRow needs.
  MoveToRow(frame.cursor_row, &drawn);
  drawn += "\r";
  AppendMove(frame.cursor_column, 'C', &drawn);
  if (!rows_changed && frame.cursor_row == shown_.cursor_row && frame.cursor_column == shown_.cursor_column) return;
  // A cursor that runs along rows being written flickers.
  *out += kHideCursor + drawn + kShowCursor;
  shown_ = frame;
}

void Screen::Finish(std::string* out) {
  if (shown_.rows.empty()) return;
  MoveToRow(shown_.rows.size() - 1, out);
  *out += "\r\n";
  shown_ = Frame();
  row_ = 0;
}

void Screen::Resize(TerminalSize size, std::string* out) {
  std::size_t above = 0;
  for (std::size_t i = 0; i < row_ && i < shown_.rows.size(); ++i) {
    above += WrappedRows(shown_.rows[i].width, size.columns);
  }
  above += shown_.cursor_column / std::max<std::size_t>(size.columns, 1);
  AppendMove(std::min(above, size.rows - 1), 'A', out);
  *out += std::string("\r") + kEraseBelow;
  shown_ = Frame();
  row_ = 0;
}

void Screen::Clear(std::string* out) {
  *out += "\x1b[H\x1b[2J";
  shown_ = Frame();
  row_ = 0;
}

}  // namespace kalam::cli
