#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kalam/client.h>

namespace kalam::cli {

enum class ColumnClass { kInteger, kNumber, kBoolean, kText, kOther };

struct TargetColumn {
  std::string name;
  ColumnClass column_class = ColumnClass::kText;
  bool nullable = true;
  bool has_default = false;
  bool is_primary_key = false;
  std::string data_type;  // as the server says it: "BIGINT"
};

// The table that an import fills, as DESCRIBE tells it, without the columns that the server
// manages.
struct TargetTable {
  std::string name;  // as it stands in SQL: ns.table, parts quoted where needed
  std::vector<TargetColumn> columns;

  std::optional<std::size_t> IndexOf(std::string_view column) const;
  std::optional<std::size_t> primary_key() const;
};

// True for the columns that the server keeps by itself (_updated, _deleted, _seq).
bool IsSystemColumn(std::string_view name);

// "name" with quotes doubled: always valid, whatever the name.
std::string QuoteIdentifier(std::string_view name);
// 'text' with quotes doubled.
void AppendSqlText(std::string_view text, std::string* sql);

Result<TargetTable> DescribeTable(const Client& client, const std::string& table);

}  // namespace kalam::cli
