#include "editor/terminal_model.h"

#include <algorithm>
#include <stdexcept>

#include "text_width.h"

namespace kalam::cli::test {

TerminalModel::TerminalModel(std::size_t rows, std::size_t columns)
    : rows_(rows), columns_(columns), grid_(rows, Row(columns, " ")) {}

void TerminalModel::Write(std::string_view bytes) {
  bytes_written_ += bytes.size();
  while (!bytes.empty()) {
    std::size_t taken = 1;
    if (bytes[0] == '\x1b') {
      taken = Sequence(bytes);
    } else if (bytes[0] == '\r') {
      column_ = 0;
      full_ = false;
    } else if (bytes[0] == '\n') {
      LineFeed();
    } else if (static_cast<unsigned char>(bytes[0]) < 0x20) {
      throw std::runtime_error("a control character reached the terminal");
    } else {
      const Cluster cluster = FirstCluster(bytes);
      Put(bytes.substr(0, cluster.bytes), cluster.width);
      taken = cluster.bytes;
    }
    bytes.remove_prefix(taken);
  }
}

void TerminalModel::Put(std::string_view character, std::size_t width) {
  if (width == 0) return;
  if (full_ || column_ + width > columns_) {  // would wrap: the editor must not rely on it
    throw std::runtime_error("a row is longer than the terminal is wide");
  }
  grid_[row_][column_] = character;
  for (std::size_t i = 1; i < width; ++i) grid_[row_][column_ + i].clear();
  column_ += width;
  if (column_ == columns_) {
    column_ = columns_ - 1;
    full_ = true;
  }
}

void TerminalModel::LineFeed() {
  full_ = false;
  if (++row_ < rows_) return;
  row_ = rows_ - 1;
  ++scrolled_;
  grid_.erase(grid_.begin());
  grid_.emplace_back(columns_, " ");
}

std::size_t TerminalModel::Sequence(std::string_view bytes) {
  const std::size_t end = bytes.find_first_not_of("0123456789;?", 2);
  if (!bytes.starts_with("\x1b[") || end == std::string_view::npos) throw std::runtime_error("unknown sequence");
  const std::string parameters(bytes.substr(2, end - 2));
  const std::size_t count = parameters.empty() || parameters[0] == '?' ? 1 : std::stoul(parameters);
  const auto blank_from = [&](std::size_t row, std::size_t column) {
    std::fill(grid_[row].begin() + static_cast<std::ptrdiff_t>(column), grid_[row].end(), " ");
  };
  switch (bytes[end]) {
    case 'A': row_ -= std::min(row_, count); full_ = false; break;
    case 'B': row_ = std::min(rows_ - 1, row_ + count); full_ = false; break;
    case 'C': column_ = std::min(columns_ - 1, column_ + count); full_ = false; break;
    case 'G':
      full_ = count > columns_;
      column_ = std::min(columns_, count) - 1;
      break;
    case 'H': row_ = column_ = 0; full_ = false; break;
    case 'K': blank_from(row_, column_); break;
    case 'J':
      if (parameters == "2") {
        for (std::size_t i = 0; i < rows_; ++i) blank_from(i, 0);
      } else {
        blank_from(row_, column_);
        for (std::size_t i = row_ + 1; i < rows_; ++i) blank_from(i, 0);
      }
      break;
    case 'm':
    case 'h':
    case 'l': break;
    default: throw std::runtime_error("unknown sequence " + std::string(bytes.substr(1, end)));
  }
  return end + 1;
}

std::vector<std::string> TerminalModel::Rows() const {
  std::vector<std::string> rows;
  for (const Row& row : grid_) {
    std::string text;
    for (const std::string& cell : row) text += cell;
    text.erase(text.find_last_not_of(' ') + 1);
    rows.push_back(std::move(text));
  }
  while (!rows.empty() && rows.back().empty()) rows.pop_back();
  return rows;
}

}  // namespace kalam::cli::test
