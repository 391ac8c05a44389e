#include "kalam/row_text.h"

#include "kalam/param.h"

#include <cstddef>

namespace kalam {
inline namespace link_v1 {

namespace {

void AppendCsvText(std::string_view text, std::string* out) {
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

void AppendJson(const Cell& cell, std::string* out) {
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

JsonObjects::JsonObjects(const std::vector<std::string>& columns) {
  for (const std::string& column : columns) {
    std::string& key = keys_.emplace_back(keys_.empty() ? "{" : ",");
    AppendJsonString(column, &key);
    key += ':';
  }
}

void JsonObjects::Append(const Row& row, std::string* out) const {
  if (keys_.empty()) *out += '{';
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    *out += keys_[i];
    AppendJson(row[i], out);
  }
  *out += '}';
}

void AppendCsvHeader(const std::vector<std::string>& columns, std::string* out) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) *out += ',';
    AppendCsvText(columns[i], out);
  }
  *out += '\n';
}

void AppendCsvLine(const Row& row, std::string* out) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) *out += ',';
    if (!row[i].is_null()) AppendCsvText(row[i].text(), out);
  }
  *out += '\n';
}

std::string StatementResult::ToJson() const {
  std::string json;
  if (!has_rows) {
    json += "{\"message\":";
    AppendJsonString(message, &json);
    json += ",\"row_count\":" + std::to_string(row_count) + '}';
    return json;
  }
  const JsonObjects objects(rows.columns());
  for (const Row row : rows) {
    json += json.empty() ? "[" : ",\n";
    objects.Append(row, &json);
  }
  if (json.empty()) json += '[';
  json += ']';
  return json;
}

std::string StatementResult::ToCsv() const {
  std::string csv;
  if (!has_rows) return csv;
  AppendCsvHeader(rows.columns(), &csv);
  for (const Row row : rows) AppendCsvLine(row, &csv);
  return csv;
}

std::string Response::ToJson() const {
  if (results.size() == 1) return results.front().ToJson();
  std::string json = "[";
  for (const StatementResult& result : results) {
    if (json.size() > 1) json += ",\n";
    json += result.ToJson();
  }
  json += ']';
  return json;
}

std::string Response::ToCsv() const {
  std::string csv;
  for (const StatementResult& result : results) {
    if (!result.has_rows) continue;
    if (!csv.empty()) csv += '\n';
    csv += result.ToCsv();
  }
  return csv;
}

}  // namespace link_v1
}  // namespace kalam
