#include "pager.h"
#include "printer.h"
#include "text_width.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string>
#include <vector>

namespace kalam::cli {

namespace {

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kReset = "\x1b[0m";

// DESCRIBE repeats these two on every row; they are shown once, under the table.
constexpr std::string_view kSchemaVersion = "current_schema_version";
constexpr std::string_view kSchemaHistory = "schema_history_reference";

std::string_view TextOf(const Cell& cell) { return cell.is_null() ? "NULL" : cell.text(); }

// SHOW TABLE STATS gives bytes; people read `3.8 KiB`. Anything but a plain number stays as it is.
constexpr std::string_view kStorageSize = "storage_size";

bool IsTableStats(const Rows& rows) {
  return rows.columns().size() == 2 && rows.columns()[0] == "metric" && rows.columns()[1] == "value";
}

std::string HumanBytes(std::string_view text) {
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc() || end != text.data() + text.size()) return std::string(text);
  if (bytes < 1024) return std::to_string(bytes) + " B";
  constexpr std::string_view kUnits = "KMGTPE";
  double size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; size >= 1023.95 && unit + 1 < kUnits.size(); ++unit) size /= 1024;
  char shown[32];
  std::snprintf(shown, sizeof(shown), "%.1f %ciB", size, kUnits[unit]);
  return shown;
}

struct Border {
  std::string_view left, cross, right;
};
constexpr Border kTop{"┌", "┬", "┐"};
constexpr Border kMiddle{"├", "┼", "┤"};
constexpr Border kBottom{"└", "┴", "┘"};

class TableWriter {
 public:
  TableWriter(const Rows& rows, std::vector<std::size_t> columns, const OutputStyle& style,
              TextSink* out)
      : rows_(rows), table_stats_(IsTableStats(rows)), columns_(std::move(columns)), style_(style), out_(out) {
    for (const std::size_t column : columns_) widths_.push_back(WidestIn(column));
    if (style_.width > 0) {
      left_out_ = FitColumns(style_.width, &widths_);
      columns_.resize(widths_.size());
    }
  }

  // Columns that found no room at all.
  std::size_t columns_left_out() const { return left_out_; }

  // With its borders.
  std::size_t width() const {
    std::size_t sum = 1;
    for (const std::size_t width : widths_) sum += width + 3;
    return sum;
  }

  void Write() {
    Line(kTop);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      WriteCell(i, rows_.columns()[columns_[i]], kBold);
    }
    EndRow();
    Line(kMiddle);
    std::size_t written = 0;
    for (const Row row : rows_) {
      if (style_.page_rows > 0 && written > 0 && written % style_.page_rows == 0 && !AskForMore(out_)) {
        out_->text() += "\n";
        break;
      }
      ++written;
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        const Cell cell = row[columns_[i]];
        WriteCell(i, ShownIn(row, columns_[i]), cell.is_null() ? kDim : std::string_view());
      }
      EndRow();
    }
    Line(kBottom);
  }

 private:
  std::size_t WidestIn(std::size_t column) {
    std::size_t widest = Width(rows_.columns()[column]);
    for (const Row row : rows_) widest = std::max(widest, Width(ShownIn(row, column)));
    return widest;
  }

  // Good until the next call.
  std::string_view ShownIn(const Row& row, std::size_t column) {
    if (!table_stats_ || column != 1 || TextOf(row[std::size_t{0}]) != kStorageSize) return TextOf(row[column]);
    human_ = HumanBytes(TextOf(row[column]));
    return human_;
  }

  std::size_t Width(std::string_view text) {
    scratch_.clear();
    return AppendDisplayText(text, &scratch_);
  }

  void WriteCell(std::size_t i, std::string_view value, std::string_view color) {
    std::string& text = out_->text();
    const bool colored = style_.color && !color.empty();
    text += "│ ";
    if (colored) text += color;
    const std::size_t width = AppendShortened(value, widths_[i], &text);
    if (colored) text += kReset;
    text.append(widths_[i] - width + 1, ' ');
  }

  void EndRow() {
    out_->text() += "│\n";
    out_->FlushIfLarge();
  }

  void Line(const Border& border) {
    std::string& text = out_->text();
    for (std::size_t i = 0; i < widths_.size(); ++i) {
      text += i == 0 ? border.left : border.cross;
      for (std::size_t n = 0; n < widths_[i] + 2; ++n) text += "─";
    }
    text += border.right;
    text += "\n";
  }

  const Rows& rows_;
  const bool table_stats_;
  std::string human_;
  std::size_t left_out_ = 0;
  std::vector<std::size_t> columns_;  // the columns shown, in order
  OutputStyle style_;
  TextSink* out_;
  std::vector<std::size_t> widths_;
  std::string scratch_;
};

// The columns to show: all, but those that go under the table.
std::vector<std::size_t> ShownColumns(const Rows& rows, bool describe) {
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < rows.columns().size(); ++i) {
    const std::string& name = rows.columns()[i];
    if (!describe || (name != kSchemaVersion && name != kSchemaHistory)) columns.push_back(i);
  }
  return columns;
}

bool IsDescribe(const Rows& rows) {
  return rows.size() > 0 && rows.IndexOf(kSchemaVersion) && rows.IndexOf(kSchemaHistory);
}

void WriteDescribeFooter(const Row& row, std::string* text) {
  *text += "Schema version: ";
  AppendDisplayText(TextOf(row[kSchemaVersion]), text);
  *text += "\nHistory: ";
  AppendDisplayText(TextOf(row[kSchemaHistory]), text);
  *text += "\n";
}

}  // namespace

std::size_t FitColumns(std::size_t screen, std::vector<std::size_t>* widths) {
  constexpr std::size_t kLeastCells = 8;
  const auto taken = [&](std::size_t cap) {
    std::size_t sum = 1;
    for (const std::size_t width : *widths) sum += std::min(width, cap) + 3;
    return sum;
  };
  std::size_t left_out = 0;
  while (widths->size() > 1 && taken(kLeastCells) > screen) {
    widths->pop_back();
    ++left_out;
  }
  if (widths->empty()) return left_out;
  std::size_t cap = *std::ranges::max_element(*widths);
  if (taken(cap) <= screen) return left_out;
  // The largest cap that fits: the whole width falls with it.
  std::size_t least = std::min(kLeastCells, cap);
  while (least + 1 < cap) {
    const std::size_t middle = (least + cap) / 2;
    (taken(middle) <= screen ? least : cap) = middle;
  }
  for (std::size_t& width : *widths) width = std::min(width, least);
  return left_out;
}

std::size_t TableWidth(const StatementResult& result) {
  const Rows& rows = result.rows;
  TextSink none(nullptr);
  return TableWriter(rows, ShownColumns(rows, IsDescribe(rows)), OutputStyle(), &none).width();
}

void PrintTable(const StatementResult& result, const OutputStyle& style, TextSink* out) {
  const Rows& rows = result.rows;
  const bool describe = IsDescribe(rows);
  std::vector<std::size_t> columns = ShownColumns(rows, describe);
  const std::size_t all = columns.size();
  std::size_t left_out = 0;
  if (!columns.empty()) {
    TableWriter table(rows, std::move(columns), style, out);
    table.Write();
    left_out = table.columns_left_out();
  }
  std::string& text = out->text();
  const std::size_t count = rows.size();
  text += "(" + std::to_string(count) + (count == 1 ? " row" : " rows");
  if (left_out > 0) {
    text += ", " + std::to_string(all - left_out) + " of " + std::to_string(all) + " columns; \\x shows all";
  }
  text += ")\n";
  if (describe) WriteDescribeFooter(rows[0], &text);
}

}  // namespace kalam::cli
