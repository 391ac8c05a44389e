#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "model/ids.h"

// Keys of the `meta` family that belong to the catalog.
namespace kalam::catalog {

inline constexpr std::string_view kTablePrefix = "information_schema_tables/";
inline constexpr std::string_view kNamespacePrefix = "system_namespaces/";
inline constexpr std::string_view kUserPrefix = "system_users/";
inline constexpr std::string_view kApiKeyPrefix = "system_api_keys/";
// Then the table's number (u32 BE) and the user id; the value is empty.
inline constexpr std::string_view kGrantPrefix = "table_grants/";
inline constexpr std::string_view kStoragePrefix = "system_storages/";
// The number that the next table gets, in decimal. Its presence also says that the first start is over.
inline constexpr std::string_view kNextTableIdKey = "catalog/next_table_id";

inline std::string TableKey(const TableName& name) {
  return std::string(kTablePrefix) + name.ns + ":" + name.table;
}
inline std::string NamespaceKey(std::string_view name) {
  return std::string(kNamespacePrefix).append(name);
}
inline std::string StorageKey(std::string_view id) { return std::string(kStoragePrefix).append(id); }
inline std::string UserKey(std::string_view user_id) {
  return std::string(kUserPrefix).append(user_id);
}

inline std::string ApiKeyKey(std::string_view id) { return std::string(kApiKeyPrefix).append(id); }
inline std::string TableGrantPrefix(TableId table) {
  std::string key(kGrantPrefix);
  AppendBigEndian(key, table.value());
  return key;
}
inline std::string GrantKey(TableId table, std::string_view user_id) { return TableGrantPrefix(table).append(user_id); }

}  // namespace kalam::catalog
