#include "printer.h"
#include "text_width.h"

#include <kalam/row_text.h>

namespace kalam::cli {

void PrintJson(const StatementResult& result, TextSink* out, Format format) {
  const bool lines = format == Format::kNdjson;
  std::string& text = out->text();
  if (!result.has_rows) {
    text += result.ToJson() + "\n";
    return;
  }
  const JsonObjects objects(result.rows.columns());
  if (!lines) text += "[";
  bool first_row = true;
  for (const Row row : result.rows) {
    if (!lines && !first_row) text += ",\n";
    first_row = false;
    objects.Append(row, &text);
    if (lines) text += "\n";
    out->FlushIfLarge();
  }
  if (!lines) text += "]\n";
}

void PrintCsv(const StatementResult& result, const OutputStyle& style, TextSink* out, CsvHeader header) {
  std::string line;
  const auto print = [&] {
    if (style.terminal) {
      line.pop_back();  // the line feed is no data
      AppendDisplayText(line, &out->text());
      out->text() += "\n";
    } else {
      out->text() += line;
    }
    line.clear();
    out->FlushIfLarge();
  };
  if (header == CsvHeader::kPrinted) {
    AppendCsvHeader(result.rows.columns(), &line);
    print();
  }
  for (const Row row : result.rows) {
    AppendCsvLine(row, &line);
    print();
  }
}

}  // namespace kalam::cli
