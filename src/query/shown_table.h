#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "model/table_def.h"
#include "query/system_table.h"

// How definitions look in listings.
namespace kalam::query {

// A column as information_schema and DESCRIBE show it.
struct ShownColumn {
  std::string name;
  DataType type = DataType::kText;
  bool nullable = true;
  std::optional<std::string> default_text;
  bool primary_key = false;
};

// The system columns come after the declared ones.
std::vector<ShownColumn> ShownColumns(const TableDef& table);
std::vector<ShownColumn> ShownColumns(const SystemTable& table);

// The tables that the viewer may see and asks for; `ns_column` is what the listing calls their namespace.
std::vector<TableDefPtr> VisibleTables(const catalog::Catalog& catalog, const Viewer& viewer,
                                       std::string_view ns_column);

// `app:notes`, the key of a table's document (specification 6.3).
std::string DocumentKey(const TableName& name);

}  // namespace kalam::query
