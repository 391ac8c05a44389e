#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kalam::cli::test {

// A terminal as far as our editor's output uses one: a grid of cells, the sequences that the editor writes, and
// nothing else (an unknown sequence throws). A full row leaves the cursor on its last cell until the next character,
// as xterm does.
class TerminalModel {
 public:
  TerminalModel(std::size_t rows, std::size_t columns);

  void Write(std::string_view bytes);

  // Rows without the blanks at their ends; the empty ones below are left out.
  std::vector<std::string> Rows() const;
  std::size_t cursor_row() const { return row_; }
  std::size_t cursor_column() const { return column_; }
  std::size_t scrolled() const { return scrolled_; }
  std::size_t bytes_written() const { return bytes_written_; }

 private:
  using Row = std::vector<std::string>;  // the right half of a wide character is "\0"

  void Put(std::string_view character, std::size_t width);
  std::size_t Sequence(std::string_view bytes);
  void LineFeed();

  std::size_t rows_;
  std::size_t columns_;
  std::vector<Row> grid_;
  std::size_t row_ = 0;
  std::size_t column_ = 0;
  bool full_ = false;
  std::size_t scrolled_ = 0;
  std::size_t bytes_written_ = 0;
};

}  // namespace kalam::cli::test
