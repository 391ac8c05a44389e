#include "editor/completion_menu.h"

#include "editor/highlighter.h"
#include "text_width.h"

#include <algorithm>
#include <cctype>

namespace kalam::cli {

namespace {

constexpr const char* kDim = "\x1b[2m";
constexpr const char* kInverse = "\x1b[7m";
constexpr const char* kPlain = "\x1b[0m";
constexpr std::size_t kMaxTextWidth = 40;

struct Look {
  const char* style;
  std::string_view label;
};

// Specification 9.4.
Look LookOf(Completion::Category category) {
  switch (category) {
    case Completion::Category::kKeyword: return {"\x1b[1;34m", "keyword"};
    case Completion::Category::kTable: return {"\x1b[32m", "table"};
    case Completion::Category::kColumn: return {"\x1b[33m", "column"};
    case Completion::Category::kType: return {"\x1b[35m", "type"};
    case Completion::Category::kCommand: return {"\x1b[1;36m", "command"};
    case Completion::Category::kNamespace: return {"\x1b[32m", "namespace"};
  }
  return {"", ""};
}

// Long names lose their end.
DisplayText Shortened(std::string_view text) {
  DisplayText shown;
  shown.width = AppendShortened(text, kMaxTextWidth, &shown.text);
  return shown;
}

void AppendBlanks(std::size_t count, FrameRow* row) {
  row->bytes.append(count, ' ');
  row->width += count;
}

void AppendEntry(const Completion& item, bool chosen, std::size_t text_width, std::size_t label_width, bool color,
                 FrameRow* row) {
  const Look look = LookOf(item.category);
  const DisplayText text = Shortened(item.text);
  row->bytes += chosen && !color ? "> " : "  ";
  row->width += 2;
  if (color) row->bytes += std::string(look.style) + (chosen ? kInverse : "");
  row->bytes += text.text;
  row->width += text.width;
  if (color) row->bytes += kPlain;
  AppendBlanks(text_width - text.width + 1, row);
  if (color) row->bytes += kDim;
  row->bytes += look.label;
  row->width += look.label.size();
  if (color) row->bytes += kPlain;
  AppendBlanks(label_width - look.label.size(), row);
}

}  // namespace

void CompletionMenu::Next() { chosen_ = chosen_ ? (*chosen_ + 1) % completions_.items.size() : 0; }

void CompletionMenu::Previous() {
  const std::size_t count = completions_.items.size();
  chosen_ = (chosen_.value_or(0) + count - 1) % count;
}

void CompletionMenu::Down() {
  if (!chosen_) return Next();
  if (*chosen_ + per_row_ < completions_.items.size()) *chosen_ += per_row_;
}

void CompletionMenu::Up() {
  if (!chosen_) return Previous();
  if (*chosen_ >= per_row_) *chosen_ -= per_row_;
}

std::vector<FrameRow> CompletionMenu::Compose(std::size_t rows, std::size_t columns, bool color) {
  std::size_t text_width = 1;
  std::size_t label_width = 1;
  for (const Completion& item : completions_.items) {
    text_width = std::max(text_width, Shortened(item.text).width);
    label_width = std::max(label_width, LookOf(item.category).label.size());
  }
  const std::size_t cell = 2 + text_width + 1 + label_width;
  per_row_ = std::max<std::size_t>(1, (columns - 1) / cell);
  const std::size_t count = completions_.items.size();
  const std::size_t total = (count + per_row_ - 1) / per_row_;
  const bool cut = total > rows || completions_.more;
  const std::size_t window = std::min(total, std::max<std::size_t>(cut ? rows - 1 : rows, 1));
  const std::size_t row_of_chosen = chosen_.value_or(0) / per_row_;
  if (row_of_chosen < top_) top_ = row_of_chosen;
  if (row_of_chosen >= top_ + window) top_ = row_of_chosen + 1 - window;
  top_ = std::min(top_, total - window);

  std::vector<FrameRow> out;
  for (std::size_t i = top_; i < top_ + window; ++i) {
    FrameRow row;
    for (std::size_t at = i * per_row_; at < std::min(count, (i + 1) * per_row_); ++at) {
      AppendEntry(completions_.items[at], chosen_ == at, text_width, label_width, color, &row);
    }
    if (row.width < columns) out.push_back(std::move(row));
  }
  if (cut) {
    const std::string text = "  " + std::to_string(top_ * per_row_ + 1) + "-" +
                             std::to_string(std::min(count, (top_ + window) * per_row_)) + " of " +
                             std::to_string(count) + (completions_.more ? " and more" : "");
    if (text.size() < columns) out.push_back({.bytes = color ? kDim + text + kPlain : text, .width = text.size()});
  }
  return out;
}

std::string CommonPrefix(const std::vector<Completion>& items) {
  if (items.empty()) return {};
  std::string_view prefix = items.front().text;
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  for (const Completion& item : items) {
    std::size_t same = 0;
    while (same < std::min(prefix.size(), item.text.size()) && lower(prefix[same]) == lower(item.text[same])) ++same;
    prefix = prefix.substr(0, same);
  }
  return std::string(prefix);
}

}  // namespace kalam::cli
