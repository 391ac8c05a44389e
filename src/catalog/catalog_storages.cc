#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "catalog/catalog.h"
#include "catalog/storage_path.h"
#include "kv/batch.h"
#include "meta_keys.h"

// Storages of a catalog.
namespace kalam::catalog {
namespace {

// More table names than these are only counted.
constexpr std::size_t kNamesShown = 10;

// `3 table(s) depend on it (3 table(s) still reference it): app.a, app.b, app.c`; `what` is `table` or `user`.
Error InUse(std::string_view storage_id, std::string_view what, std::vector<std::string> names) {
  std::ranges::sort(names);
  std::string shown;
  for (std::size_t i = 0; i < std::min(names.size(), kNamesShown); ++i) shown += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kNamesShown) shown += ", ...";
  return Error(ErrorCode::kInvalidArgument,
               fmt::format("Cannot delete storage '{0}': {1} {2}(s) depend on it ({1} {2}(s) still reference it): {3}",
                           storage_id, names.size(), what, shown));
}

}  // namespace

StoragePtr Catalog::FindStorage(std::string_view id) const {
  std::shared_lock lock(state_mutex_);
  const auto it = storages_.find(id);
  return it == storages_.end() ? nullptr : it->second;
}

std::vector<StoragePtr> Catalog::ListStorages() const {
  std::vector<StoragePtr> storages;
  std::shared_lock lock(state_mutex_);
  if (const auto local = storages_.find(kLocalStorage); local != storages_.end()) storages.push_back(local->second);
  for (const auto& [id, storage] : storages_) {
    if (id != kLocalStorage) storages.push_back(storage);
  }
  return storages;
}

std::string Catalog::StorageLocation(const TableDef& table) const {
  const StoragePtr storage = FindStorage(table.storage_id);
  if (!storage || table.kind == TableKind::kStream) return {};
  const auto kind = table.kind == TableKind::kShared ? TemplateKind::kShared : TemplateKind::kUser;
  // Which shard depends on the user, as the rest of the path does.
  const bool sharded = kind == TemplateKind::kUser && !table.sharding.empty();
  return ShownStoragePath(*storage, kind,
                          {.ns = table.name.ns, .table = table.name.table, .shard = sharded ? "{shard}" : ""},
                          options_.default_storage_path);
}

Result<std::string> Catalog::SharedTablePath(const TableDef& table, const Storage& storage) const {
  return StoragePath(storage, TemplateKind::kShared, {.ns = table.name.ns, .table = table.name.table},
                     options_.default_storage_path);
}

Result<DdlOutcome> Catalog::CreateStorage(Storage storage, bool if_not_exists) {
  KALAM_TRY(CheckStorage(storage));
  std::lock_guard ddl(ddl_mutex_);
  if (storages_.contains(storage.id)) {
    if (if_not_exists) return DdlOutcome::kSkipped;
    return Error(ErrorCode::kAlreadyExists, fmt::format("Storage '{}' already exists", storage.id));
  }
  storage.created_at = storage.updated_at = WholeMillis(clock_.NowMicros());
  KALAM_TRY(PutStorage(std::move(storage)));
  return DdlOutcome::kDone;
}

Status Catalog::AlterStorage(std::string_view id, const StorageChange& change) {
  std::lock_guard ddl(ddl_mutex_);
  const auto it = storages_.find(id);
  if (it == storages_.end()) return Error(ErrorCode::kNotFound, fmt::format("Storage '{}' not found", id));
  Storage storage = *it->second;
  if (change.name) storage.name = *change.name;
  if (change.description) storage.description = change.description;
  if (change.uri) storage.uri = *change.uri;
  if (change.shared_tables_template) storage.shared_tables_template = *change.shared_tables_template;
  if (change.user_tables_template) storage.user_tables_template = *change.user_tables_template;
  if (change.credentials) {
    storage.credentials = change.credentials;
    storage.sealed_credentials.clear();
  }
  KALAM_TRY(CheckStorage(storage));
  storage.updated_at = WholeMillis(clock_.NowMicros());
  return PutStorage(std::move(storage));
}

Result<DdlOutcome> Catalog::DropStorage(std::string_view id, bool if_exists) {
  if (id == kLocalStorage) {
    return Error(ErrorCode::kInvalidArgument, "Cannot delete 'local' storage (protected)");
  }
  std::lock_guard ddl(ddl_mutex_);
  const auto it = storages_.find(id);
  if (it == storages_.end()) {
    if (if_exists) return DdlOutcome::kSkipped;
    return Error(ErrorCode::kNotFound, fmt::format("Storage '{}' does not exist and cannot be dropped", id));
  }
  KALAM_TRY(CheckUnused(id));
  kv::Batch batch;
  batch.Delete(kv::Family::kMeta, StorageKey(id));
  KALAM_TRY(writer_.WriteDurably(batch));

  std::lock_guard state(state_mutex_);
  storages_.erase(it);
  return DdlOutcome::kDone;
}

Status Catalog::CheckUnused(std::string_view storage_id) const {
  std::vector<std::string> names;
  for (const auto& [name, table] : tables_) {
    if (table->storage_id == storage_id) names.push_back(table->name.ToString());
  }
  if (!names.empty()) return InUse(storage_id, "table", std::move(names));
  for (const auto& [id, user] : users_) {
    if (user->storage_id == storage_id) names.push_back(id);
  }
  if (!names.empty()) return InUse(storage_id, "user", std::move(names));
  return {};
}

Status Catalog::PutStorage(Storage storage) {
  if (storage.credentials && cipher() == nullptr) {
    log::Warn("catalog", "credentials of storage '" + storage.id +
                             "' are stored as plain text: set storage.credentials_key to have them encrypted");
  }
  KALAM_TRY_ASSIGN(const std::string document, EncodeStorage(storage, cipher()));
  kv::Batch batch;
  batch.Put(kv::Family::kMeta, StorageKey(storage.id), document);
  KALAM_TRY(writer_.WriteDurably(batch));

  auto shown = std::make_shared<const Storage>(std::move(storage));
  const std::string id = shown->id;
  std::lock_guard state(state_mutex_);
  storages_.insert_or_assign(id, std::move(shown));
  return {};
}

}  // namespace kalam::catalog
