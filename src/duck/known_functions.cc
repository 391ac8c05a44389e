#include "known_functions.h"

#include "base/memory_budget.h"

#include <duckdb/catalog/catalog.hpp>
#include <duckdb/catalog/catalog_entry/schema_catalog_entry.hpp>

namespace kalam::duck {
namespace {

std::unordered_set<std::string> ReadNames(duckdb::DuckDB& database) {
  using duckdb::CatalogType;
  const MemoryBudget::Pause not_of_the_statement;
  std::unordered_set<std::string> names{"getenv"};  // of the engine's shell: refused like the others, not unknown
  duckdb::Connection connection(database);
  connection.BeginTransaction();
  for (const auto& schema : duckdb::Catalog::GetAllSchemas(*connection.context)) {
    for (const auto type :
         {CatalogType::SCALAR_FUNCTION_ENTRY, CatalogType::TABLE_FUNCTION_ENTRY, CatalogType::PRAGMA_FUNCTION_ENTRY}) {
      schema.get().Scan(*connection.context, type, [&](const duckdb::CatalogEntry& function) {
        names.insert(duckdb::StringUtil::Lower(function.name));
      });
    }
  }
  connection.Commit();
  return names;
}

}  // namespace

bool KnownFunctions::Contains(const std::string& name) const {
  std::call_once(read_, [&] { names_ = ReadNames(*database_()); });
  return names_.contains(name);
}

}  // namespace kalam::duck
