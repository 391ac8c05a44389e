#pragma once

#include <string_view>
#include <vector>

#include "base/stats.h"
#include "catalog/catalog.h"
#include "query/system_table.h"

namespace kalam::query {

// All tables of `system` and `information_schema`, the one list that name resolution, SHOW, DESCRIBE and
// information_schema itself look at. Filled by the server before the first request, then read by any thread.
class SystemTables {
 public:
  // With every table of specification 6.4 and 6.5. Those whose rows come from parts above this module
  // (jobs, live queries) are empty until somebody supplies them. Both arguments must outlive it.
  SystemTables(const catalog::Catalog& catalog, const Stats& stats);
  SystemTables(const SystemTables&) = delete;
  SystemTables& operator=(const SystemTables&) = delete;

  // Says where the rows of a table come from, for example system.jobs. The table must be in the list.
  void Supply(std::string_view schema, std::string_view name, RowsFunction rows);

  // Null when there is no such table. Names are in lower case.
  const SystemTable* Find(std::string_view schema, std::string_view name) const;
  // In order of schema and name.
  const std::vector<SystemTable>& tables() const { return tables_; }

  static bool IsSystemSchema(std::string_view schema) {
    return schema == "system" || schema == "information_schema";
  }

 private:
  std::vector<SystemTable> tables_;
};

// May the viewer read the table at all?
bool MayRead(const Viewer& viewer, const SystemTable& table);

}  // namespace kalam::query
