#include "printer.h"
#include "text_width.h"

#include <kalam/param.h>

namespace kalam::cli {

namespace {

// An empty text is quoted and NULL is not, so that `kalam import` reads back what was there.
void AppendCsvText(std::string_view text, bool terminal, std::string* out) {
  std::string safe;
  if (terminal) {
    AppendDisplayText(text, &safe);
    text = safe;
  }
  const bool spaces = !text.empty() && (text.front() == ' ' || text.back() == ' ');
  if (!text.empty() && !spaces && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out->append(text);
    return;
  }
  out->push_back('"');
  for (const char c : text) {
    if (c == '"') out->push_back('"');
    out->push_back(c);
  }
  out->push_back('"');
}

}  // namespace

void AppendJsonCell(const Cell& cell, std::string* out) {
  switch (cell.kind()) {
    case Cell::Kind::kNull:
      *out += "null";
      return;
    case Cell::Kind::kString:
      AppendJsonString(cell.text(), out);
      return;
    case Cell::Kind::kBool:
    case Cell::Kind::kNumber:
    case Cell::Kind::kJson:
      out->append(cell.text());
      return;
  }
}

void PrintJson(const StatementResult& result, TextSink* out, Format format) {
  const bool lines = format == Format::kNdjson;
  std::string& text = out->text();
  if (!result.has_rows) {
    text += "{\"message\":";
    AppendJsonString(result.message, &text);
    text += ",\"row_count\":" + std::to_string(result.row_count) + "}\n";
    return;
  }
  const auto& columns = result.rows.columns();
  std::vector<std::string> keys;
  for (const std::string& column : columns) AppendJsonString(column, &keys.emplace_back());
  if (!lines) text += "[";
  bool first_row = true;
  for (const Row row : result.rows) {
    if (!lines && !first_row) text += ",\n";
    first_row = false;
    text += "{";
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) text += ",";
      text += keys[i];
      text += ":";
      AppendJsonCell(row[i], &text);
    }
    text += lines ? "}\n" : "}";
    out->FlushIfLarge();
  }
  if (!lines) text += "]\n";
}

void PrintCsv(const StatementResult& result, const OutputStyle& style, TextSink* out, CsvHeader header) {
  std::string& text = out->text();
  const auto& columns = result.rows.columns();
  if (header == CsvHeader::kPrinted) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) text += ",";
      AppendCsvText(columns[i], style.terminal, &text);
    }
    text += "\n";
  }
  for (const Row row : result.rows) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) text += ",";
      if (!row[i].is_null()) AppendCsvText(row[i].text(), style.terminal, &text);
    }
    text += "\n";
    out->FlushIfLarge();
  }
}

}  // namespace kalam::cli
