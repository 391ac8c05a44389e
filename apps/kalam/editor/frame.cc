#include "editor/frame.h"

#include <algorithm>

namespace kalam::cli {

namespace {

constexpr std::string_view kTab = "    ";
constexpr const char* kGrey = "\x1b[90m";
constexpr const char* kPlain = "\x1b[0m";
// Narrower terminals are treated as this wide.
constexpr std::size_t kMinColumns = 16;

// A row of the text: the bytes [begin, end) of it, behind a prompt of that many cells.
struct TextRow {
  std::size_t begin = 0;
  std::size_t end = 0;
  const FrameRow* prompt = nullptr;
};

bool IsPlainAscii(char c) { return c >= 0x20 && c < 0x7F; }

Cluster NextCluster(std::string_view text) {
  // Nearly all SQL: a character that nothing follows which could join it.
  if (IsPlainAscii(text[0]) && (text.size() == 1 || static_cast<unsigned char>(text[1]) < 0x80)) {
    return {.bytes = 1, .width = 1};
  }
  return FirstEditCluster(text);
}

struct Position {
  std::size_t row = 0;
  std::size_t column = 0;
};

// Cuts the text into rows and finds the cursor among them.
std::vector<TextRow> WrapText(const View& view, std::size_t columns, Position* cursor) {
  std::vector<TextRow> rows = {{.prompt = &view.prompt}};
  std::size_t column = view.prompt.width;
  const auto start_row = [&](std::size_t at, const FrameRow* prompt) {
    rows.push_back({.begin = at, .end = at, .prompt = prompt});
    column = prompt == nullptr ? 0 : prompt->width;
  };
  for (std::size_t at = 0; at < view.text.size();) {
    if (view.text[at] == '\n') {
      if (at == view.cursor) {
        // The cursor never stands beyond the last column.
        if (column >= columns) start_row(at, nullptr);
        *cursor = {rows.size() - 1, column};
      }
      start_row(++at, &view.continuation);
      continue;
    }
    const Cluster cluster = NextCluster(view.text.substr(at));
    if (column + cluster.width > columns) start_row(at, nullptr);
    if (at == view.cursor) *cursor = {rows.size() - 1, column};
    column += cluster.width;
    at += cluster.bytes;
    rows.back().end = at;
  }
  if (view.cursor >= view.text.size()) {
    if (column >= columns) start_row(view.text.size(), nullptr);
    *cursor = {rows.size() - 1, column};
  }
  return rows;
}

// Writes one row; spans are walked along with the text.
FrameRow RowOf(const TextRow& row, const View& view) {
  FrameRow out;
  if (row.prompt != nullptr) {
    out = *row.prompt;
    out.prompt_bytes = out.bytes.size();
    out.prompt_width = out.width;
  }
  static const std::vector<StyledSpan> kNone;
  const auto& spans = view.spans == nullptr ? kNone : *view.spans;
  auto span = std::partition_point(spans.begin(), spans.end(),
                                   [&](const StyledSpan& each) { return each.end <= row.begin; });
  const char* style = "";
  for (std::size_t at = row.begin; at < row.end;) {
    while (span != spans.end() && span->end <= at) ++span;
    const char* const wanted = span != spans.end() && span->begin <= at ? span->style : "";
    if (std::string_view(wanted) != style) {
      if (*style != '\0') out.bytes += kPlain;
      out.bytes += wanted;
      style = wanted;
    }
    const Cluster cluster = FirstEditCluster(view.text.substr(at), &out.bytes);
    out.width += cluster.width;
    if (cluster.disputed) out.bytes += "\x1b[" + std::to_string(out.width + 1) + "G";
    at += cluster.bytes;
  }
  if (*style != '\0') out.bytes += kPlain;
  return out;
}

void AppendSuggestion(std::string_view suggestion, std::size_t columns, FrameRow* row) {
  // The last column stays free: the cursor may stand behind it.
  std::string shown;
  std::size_t width = 0;
  while (!suggestion.empty() && suggestion.front() != '\n') {
    const Cluster cluster = FirstEditCluster(suggestion);
    if (row->width + width + cluster.width >= columns) break;
    FirstEditCluster(suggestion, &shown);
    width += cluster.width;
    suggestion.remove_prefix(cluster.bytes);
  }
  if (shown.empty()) return;
  row->bytes += kGrey + shown + kPlain;
  row->width += width;
}

}  // namespace

Cluster FirstEditCluster(std::string_view text, std::string* out) {
  if (!text.starts_with('\t')) return FirstCluster(text, out);
  if (out != nullptr) *out += kTab;
  return {.bytes = 1, .width = kTab.size()};
}

Frame ComposeFrame(const View& view, TerminalSize size, std::size_t* top) {
  const std::size_t columns = std::max(size.columns, kMinColumns);
  const std::size_t height = std::max<std::size_t>(size.rows, 1);
  Position cursor;
  const std::vector<TextRow> rows = WrapText(view, columns, &cursor);

  // Rows below the text take what they need, but at least a third of the height stays for the text.
  const std::size_t below = std::min(view.below.size(), height - std::max<std::size_t>(height / 3, 1));
  const std::size_t window = std::min(rows.size(), height - below);
  if (cursor.row < *top) *top = cursor.row;
  if (cursor.row >= *top + window) *top = cursor.row + 1 - window;
  *top = std::min(*top, rows.size() - window);

  Frame frame;
  frame.cursor_row = cursor.row - *top;
  frame.cursor_column = cursor.column;
  for (std::size_t i = *top; i < *top + window; ++i) frame.rows.push_back(RowOf(rows[i], view));
  if (!view.suggestion.empty() && *top + window == rows.size()) {
    AppendSuggestion(view.suggestion, columns, &frame.rows.back());
  }
  frame.rows.insert(frame.rows.end(), view.below.begin(),
                    view.below.begin() + static_cast<std::ptrdiff_t>(below));
  return frame;
}

}  // namespace kalam::cli
