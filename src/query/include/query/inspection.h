#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "duck/scan_source.h"
#include "query/system_table.h"
#include "query/system_tables.h"

// What SHOW and DESCRIBE answer.
namespace kalam::query {

struct Listing {
  std::vector<duck::ScanColumn> columns;
  RowStream rows;
};

Listing ShowNamespaces(const catalog::Catalog& catalog);
// The tables that the viewer may see, of one namespace when `ns` is given; `ns` may be a system schema.
Listing ShowTables(const catalog::Catalog& catalog, const SystemTables& system, std::optional<std::string_view> ns,
                   const Viewer& viewer);
// The columns of system.storages; credentials are masked for everybody.
Listing ShowStorages(const catalog::Catalog& catalog, const SystemTables& system);
Listing Describe(const TableDef& table);
Listing Describe(const SystemTable& table);
Listing DescribeHistory(const catalog::Catalog& catalog, const TableDef& table);

}  // namespace kalam::query
