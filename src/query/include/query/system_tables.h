#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "duck/scan_source.h"
#include "model/table_def.h"
#include "query/rows_source.h"

namespace kalam::query {

// Which tables a caller may see; decided by the caller of these functions.
using TableFilter = std::function<bool(const TableDef&)>;

// The contents of SHOW TABLES and system.tables and so on, as specification 5.5 and 6.4 list them.
Rows SystemTables(const catalog::Catalog& catalog, const TableFilter& visible);
Rows SystemNamespaces(const catalog::Catalog& catalog);
Rows SystemUsers(const catalog::Catalog& catalog, bool include_deleted);
Rows InformationSchemaTables(const catalog::Catalog& catalog, const TableFilter& visible);
Rows InformationSchemaColumns(const catalog::Catalog& catalog, const TableFilter& visible);

Rows ShowNamespaces(const catalog::Catalog& catalog);
Rows ShowTables(const catalog::Catalog& catalog, std::optional<std::string_view> ns,
                const TableFilter& visible);
Rows Describe(const TableDef& table);
Rows DescribeHistory(const catalog::Catalog& catalog, const TableDef& table);

}  // namespace kalam::query
