#pragma once

#include "catalog/catalog.h"
#include "query/system_table.h"
#include "query/system_tables.h"

namespace kalam::query {

// information_schema.tables and .columns: the user tables that the viewer may see, then the system tables.
SystemTable InformationSchemaTables(const catalog::Catalog& catalog, const SystemTables& system);
SystemTable InformationSchemaColumns(const catalog::Catalog& catalog, const SystemTables& system);

}  // namespace kalam::query
