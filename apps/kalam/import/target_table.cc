#include "import/target_table.h"

#include "exit_code.h"

#include <algorithm>
#include <cctype>

namespace kalam::cli {

namespace {

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper;
}

ColumnClass ClassOf(std::string_view data_type) {
  std::string type = Upper(data_type);
  type = type.substr(0, type.find_first_of("( "));
  for (const char* name : {"SMALLINT", "INT", "BIGINT", "TINYINT", "INTEGER"}) {
    if (type == name) return ColumnClass::kInteger;
  }
  for (const char* name : {"FLOAT", "DOUBLE", "REAL"}) {
    if (type == name) return ColumnClass::kNumber;
  }
  if (type == "BOOLEAN" || type == "BOOL") return ColumnClass::kBoolean;
  for (const char* name : {"TEXT", "VARCHAR", "STRING", "CHAR", "JSON"}) {
    if (type == name) return ColumnClass::kText;
  }
  return ColumnClass::kOther;  // TIMESTAMP, DATE, TIME, BINARY: written as text
}

// A server may say it as a boolean or as YES and NO.
bool Says(const Cell& cell) {
  const std::string text = Upper(cell.text());
  return text == "TRUE" || text == "YES" || text == "1";
}

bool IsPlainName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::islower(c) || std::isdigit(c) || c == '_';
  });
}

std::string TableInSql(const std::string& table) {
  std::string sql;
  std::size_t start = 0;
  while (true) {
    const std::size_t dot = table.find('.', start);
    const std::string part = table.substr(start, dot - start);
    sql += IsPlainName(part) ? part : QuoteIdentifier(part);
    if (dot == std::string::npos) return sql;
    sql += ".";
    start = dot + 1;
  }
}

}  // namespace

std::optional<std::size_t> TargetTable::IndexOf(std::string_view column) const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == column) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> TargetTable::primary_key() const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].is_primary_key) return i;
  }
  return std::nullopt;
}

bool IsSystemColumn(std::string_view name) {
  return name == "_updated" || name == "_deleted" || name == "_seq";
}

std::string QuoteIdentifier(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += c;
    quoted += c;
  }
  return quoted + "\"";
}

void AppendSqlText(std::string_view text, std::string* sql) {
  sql->push_back('\'');
  for (std::size_t quote; (quote = text.find('\'')) != std::string_view::npos;) {
    sql->append(text.substr(0, quote + 1));
    sql->push_back('\'');
    text.remove_prefix(quote + 1);
  }
  sql->append(text);
  sql->push_back('\'');
}

Result<TargetTable> DescribeTable(const Client& client, const std::string& table) {
  TargetTable target;
  target.name = TableInSql(table);
  const auto response = client.Query("DESCRIBE " + target.name);
  if (!response) return response.error();
  const Rows rows = response->results.empty() ? Rows() : response->results.front().rows;
  for (const Row row : rows) {
    TargetColumn column;
    column.name = row["column_name"].text();
    if (IsSystemColumn(column.name)) continue;
    column.data_type = row["data_type"].text();
    column.column_class = ClassOf(column.data_type);
    column.nullable = Says(row["is_nullable"]);
    const Cell default_value = row["column_default"];
    column.has_default = !default_value.is_null() && !default_value.text().empty() &&
                         Upper(default_value.text()) != "NULL";
    column.is_primary_key = Says(row["is_primary_key"]);
    target.columns.push_back(std::move(column));
  }
  if (target.columns.empty()) return UsageError("DESCRIBE " + target.name + " lists no columns");
  return target;
}

}  // namespace kalam::cli
