#include "pager.h"
#include "printer.h"
#include "text_width.h"

#include <algorithm>
#include <string_view>

namespace kalam::cli {

namespace {

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kReset = "\x1b[0m";
// How far the line over a row reaches beyond the names.
constexpr std::size_t kRuleTail = 24;

}  // namespace

void PrintExpanded(const StatementResult& result, const OutputStyle& style, TextSink* out) {
  const Rows& rows = result.rows;
  std::string& text = out->text();
  const auto colored = [&](std::string_view color) { return style.color ? color : std::string_view(); };

  std::vector<DisplayText> names;
  std::size_t widest = 0;
  for (const std::string& column : rows.columns()) {
    widest = std::max(widest, names.emplace_back(ToDisplayText(column)).width);
  }
  std::size_t number = 0;
  for (const Row row : rows) {
    if (style.page_rows > 0 && number > 0 && number % style.page_rows == 0 && !AskForMore(out)) {
      text += "\n";
      break;
    }
    const std::string heading = "[ " + std::to_string(++number) + " ]";
    text += "─" + heading;
    for (std::size_t i = heading.size() + 1; i < widest + kRuleTail; ++i) text += "─";
    text += "\n";
    for (std::size_t i = 0; i < names.size(); ++i) {
      text += colored(kBold);
      text += names[i].text;
      text += colored(kReset);
      text.append(widest - names[i].width, ' ');
      text += " │ ";
      const Cell cell = row[i];
      if (cell.is_null()) {
        text += colored(kDim);
        text += "NULL";
        text += colored(kReset);
      } else {
        AppendDisplayText(cell.text(), &text);
      }
      text += "\n";
    }
    out->FlushIfLarge();
  }
  const std::size_t count = rows.size();
  text += "(" + std::to_string(count) + (count == 1 ? " row)\n" : " rows)\n");
}

}  // namespace kalam::cli
