#include "row_parser.h"

namespace kalam {
inline namespace link_v1 {

namespace {

namespace json = simdjson::ondemand;

void SetCell(json::value value, std::size_t column, Rows* rows) {
  switch (json::json_type type = value.type(); type) {
    case json::json_type::null:
      return;
    case json::json_type::boolean:
      rows->SetInLastRow(column, Cell::Kind::kBool, value.get_bool() ? "true" : "false");
      return;
    case json::json_type::number: {
      std::string_view token = value.raw_json_token();
      const std::size_t end = token.find_last_not_of(" \t\r\n");
      rows->SetInLastRow(column, Cell::Kind::kNumber, token.substr(0, end + 1));
      return;
    }
    case json::json_type::string:
      rows->SetInLastRow(column, Cell::Kind::kString, value.get_string());
      return;
    case json::json_type::array: {
      json::array array = value.get_array();
      rows->SetInLastRow(column, Cell::Kind::kJson, std::string_view(array.raw_json()));
      return;
    }
    case json::json_type::object: {
      json::object object = value.get_object();
      rows->SetInLastRow(column, Cell::Kind::kJson, std::string_view(object.raw_json()));
      return;
    }
  }
}

}  // namespace

void AppendRow(simdjson::ondemand::object row, Rows* rows) {
  const auto& columns = rows->columns();
  rows->AppendRow();
  std::size_t expected = 0;  // servers send a row's keys in column order; then no search is needed
  for (auto field : row) {
    const std::string_view key = field.unescaped_key();
    std::size_t column = expected;
    if (column >= columns.size() || columns[column] != key) {
      const auto found = rows->IndexOf(key);
      if (!found) continue;
      column = *found;
    }
    SetCell(field.value(), column, rows);
    expected = column + 1;
  }
}

Rows ParseRows(simdjson::ondemand::array list) {
  Rows rows;
  bool first = true;
  for (auto element : list) {
    json::object row = element.get_object();
    if (first) {
      std::vector<std::string> columns;
      for (auto field : row) columns.emplace_back(std::string_view(field.unescaped_key()));
      row.reset();
      rows = Rows(std::move(columns));
      first = false;
    }
    AppendRow(row, &rows);
  }
  return rows;
}

}  // namespace link_v1
}  // namespace kalam
