#include "catalog/catalog.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "kv/batch.h"
#include "meta_keys.h"
#include "model/key_codec.h"

namespace kalam::catalog {
namespace {

Error NamespaceNotFound(std::string_view name) {
  return Error(ErrorCode::kNotFound, fmt::format("Namespace '{}' not found", name));
}

// What the parser lets through is sound. This keeps a mistake above from becoming a stored table that
// can't be read again or whose columns can't be told apart.
Status CheckSound(const TableDef& def) {
  KALAM_TRY(CheckNamespaceName(def.name.ns));
  KALAM_TRY(CheckTableName(def.name.table));
  int keys = 0;
  std::unordered_set<std::string_view> names;
  for (const ColumnDef& column : def.columns) {
    if (column.name.empty() || IsSystemColumn(column.name) || !names.insert(column.name).second) {
      return Error(ErrorCode::kInvalidArgument,
                   fmt::format("column name '{}' is empty, reserved or used twice", column.name));
    }
    if (!column.primary_key) continue;
    ++keys;
    if (column.type != DataType::kBigInt && column.type != DataType::kText) {
      return Error(ErrorCode::kInvalidArgument,
                   fmt::format("PRIMARY KEY '{}' has type {}", column.name, ToString(column.type)));
    }
  }
  if (keys == 1) return {};
  return Error(ErrorCode::kInvalidArgument,
               fmt::format("a table has one PRIMARY KEY column, not {}", keys));
}

}  // namespace

std::size_t Catalog::TextHash::operator()(std::string_view text) const noexcept {
  return std::hash<std::string_view>{}(text);
}

std::size_t Catalog::NameHash::operator()(const NameView& name) const noexcept {
  const std::hash<std::string_view> hash;
  return hash(name.ns) * 31 + hash(name.table);
}

// --- look-ups

TableDefPtr Catalog::FindTable(std::string_view ns, std::string_view table) const {
  std::shared_lock lock(state_mutex_);
  const auto it = tables_.find(NameView{ns, table});
  return it == tables_.end() ? nullptr : it->second;
}

TableDefPtr Catalog::FindTable(TableId id) const {
  std::shared_lock lock(state_mutex_);
  const auto it = tables_by_id_.find(id);
  return it == tables_by_id_.end() ? nullptr : it->second;
}

bool Catalog::HasNamespace(std::string_view ns) const {
  std::shared_lock lock(state_mutex_);
  return namespaces_.contains(ns);
}

std::vector<NamespaceInfo> Catalog::ListNamespaces() const {
  std::vector<NamespaceInfo> infos;
  std::shared_lock lock(state_mutex_);
  infos.reserve(namespaces_.size());
  for (const auto& [name, ns] : namespaces_) {
    infos.push_back({.name = name,
                     .options_json = ns.document.options_json,
                     .created_at = ns.document.created_at,
                     .table_count = ns.tables.size()});
  }
  return infos;
}

std::vector<TableDefPtr> Catalog::ListTables(std::optional<std::string_view> ns) const {
  std::vector<TableDefPtr> defs;
  std::shared_lock lock(state_mutex_);
  const auto append = [&](const Namespace& one) {
    for (const auto& [name, entry] : one.tables) defs.push_back(entry.def);
  };
  if (ns) {
    if (const auto it = namespaces_.find(*ns); it != namespaces_.end()) append(it->second);
    return defs;
  }
  defs.reserve(tables_.size());
  for (const auto& [name, one] : namespaces_) append(one);
  return defs;
}

std::size_t Catalog::table_count() const {
  std::shared_lock lock(state_mutex_);
  return tables_.size();
}

std::vector<SchemaVersion> Catalog::SchemaHistory(std::string_view ns,
                                                  std::string_view table) const {
  std::shared_ptr<const std::vector<SchemaVersion>> history;
  {
    std::shared_lock lock(state_mutex_);
    const auto in = namespaces_.find(ns);
    if (in == namespaces_.end()) return {};
    const auto it = in->second.tables.find(table);
    if (it == in->second.tables.end()) return {};
    history = it->second.history;
  }
  return *history;
}

UserPtr Catalog::FindUser(std::string_view user_id) const {
  std::shared_lock lock(state_mutex_);
  const auto it = users_.find(user_id);
  return it == users_.end() ? nullptr : it->second;
}

std::vector<UserPtr> Catalog::ListUsers() const {
  std::vector<UserPtr> users;
  {
    std::shared_lock lock(state_mutex_);
    users.reserve(users_.size());
    for (const auto& [id, user] : users_) users.push_back(user);
  }
  std::sort(users.begin(), users.end(),
            [](const UserPtr& a, const UserPtr& b) { return a->user_id < b->user_id; });
  return users;
}

// --- namespaces

Result<DdlOutcome> Catalog::CreateNamespace(std::string_view name, bool if_not_exists) {
  KALAM_TRY(CheckNamespaceName(name));
  std::lock_guard ddl(ddl_mutex_);
  if (namespaces_.contains(name)) {
    if (if_not_exists) return DdlOutcome::kSkipped;
    return Error(ErrorCode::kAlreadyExists, fmt::format("Namespace '{}' already exists", name));
  }
  NamespaceDocument document{.name = std::string(name),
                             .created_at = WholeMillis(clock_.NowMicros())};
  kv::Batch batch;
  batch.Put(kv::Family::kMeta, NamespaceKey(name), EncodeNamespace(document));
  KALAM_TRY(writer_.WriteDurably(batch));

  std::lock_guard state(state_mutex_);
  namespaces_.emplace(name, Namespace{.document = std::move(document), .tables = {}});
  return DdlOutcome::kDone;
}

std::optional<Catalog::NamespaceContents> Catalog::ContentsOf(std::string_view ns) const {
  std::shared_lock state(state_mutex_);
  const auto it = namespaces_.find(ns);
  if (it == namespaces_.end()) return std::nullopt;
  NamespaceContents contents{.document = it->second.document};
  for (const auto& [name, entry] : it->second.tables) contents.tables.push_back({*entry.def, *entry.history});
  return contents;
}

Status Catalog::RestoreNamespace(NamespaceContents contents, const AddToCreate& also, kv::Batch with) {
  const std::string ns = contents.document.name;
  KALAM_TRY(CheckNamespaceName(ns));
  std::lock_guard ddl(ddl_mutex_);
  if (namespaces_.contains(ns)) {
    return Error(ErrorCode::kAlreadyExists, fmt::format("Namespace '{}' already exists", ns));
  }
  kv::Batch batch = std::move(with);
  batch.Put(kv::Family::kMeta, NamespaceKey(ns), EncodeNamespace(contents.document));
  for (TableDocument& document : contents.tables) {
    if (document.def.name.ns != ns) return Error(ErrorCode::kCorruption, "a table of another namespace");
    KALAM_TRY(CheckSound(document.def));
    if (!storages_.contains(document.def.storage_id)) {
      return Error(ErrorCode::kNotFound,
                   fmt::format("Storage '{}' does not exist in system.storages", document.def.storage_id));
    }
    document.def.id = TableId(next_table_id_++);
    batch.Put(kv::Family::kMeta, TableKey(document.def.name), EncodeTableDocument(document));
    KALAM_TRY(also(document.def, batch));
  }
  batch.Put(kv::Family::kMeta, kNextTableIdKey, std::to_string(next_table_id_));
  KALAM_TRY(writer_.WriteDurably(batch));

  {
    std::lock_guard state(state_mutex_);
    namespaces_.emplace(ns, Namespace{.document = std::move(contents.document), .tables = {}});
  }
  for (TableDocument& document : contents.tables) Insert(std::move(document));
  return {};
}

Status Catalog::SetNamespaceOptions(std::string_view name,
                                    std::span<const std::pair<std::string, std::string>> options) {
  std::lock_guard ddl(ddl_mutex_);
  const auto it = namespaces_.find(name);
  if (it == namespaces_.end()) return NamespaceNotFound(name);
  NamespaceDocument document = it->second.document;
  KALAM_TRY_ASSIGN(document.options_json, MergeOptions(document.options_json, options));
  kv::Batch batch;
  batch.Put(kv::Family::kMeta, NamespaceKey(name), EncodeNamespace(document));
  KALAM_TRY(writer_.WriteDurably(batch));

  std::lock_guard state(state_mutex_);
  it->second.document = std::move(document);
  return {};
}

Result<DdlOutcome> Catalog::DropNamespace(std::string_view name,
                                          const DropNamespaceOptions& options) {
  std::lock_guard ddl(ddl_mutex_);
  const auto it = namespaces_.find(name);
  if (it == namespaces_.end()) {
    if (options.if_exists) return DdlOutcome::kSkipped;
    return NamespaceNotFound(name);
  }
  const auto& tables = it->second.tables;
  if (!tables.empty() && !options.cascade) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("Cannot drop namespace '{}': namespace contains {} table(s). Drop all "
                             "tables first.",
                             name, tables.size()));
  }
  kv::Batch batch;
  std::vector<std::string> row_prefixes;
  batch.Delete(kv::Family::kMeta, NamespaceKey(name));
  for (const auto& [table, entry] : tables) {
    batch.Delete(kv::Family::kMeta, TableKey(entry.def->name));
    batch.DeletePrefix(kv::Family::kMeta, TableGrantPrefix(entry.def->id));
    row_prefixes.push_back(TablePrefix(entry.def->id));
    if (options.also) KALAM_TRY(options.also(*entry.def, std::nullopt, batch));
  }
  KALAM_TRY(writer_.WriteAndDropPrefixes(batch, row_prefixes));

  std::lock_guard state(state_mutex_);
  for (const auto& [table, entry] : tables) {
    tables_.erase({entry.def->name.ns, table});
    tables_by_id_.erase(entry.def->id);
    grants_.erase(entry.def->id);
  }
  namespaces_.erase(it);
  return DdlOutcome::kDone;
}

// --- tables

Result<Catalog::CreatedTable> Catalog::CreateTable(TableDef spec, bool if_not_exists, const PrepareTable& prepare) {
  KALAM_TRY(CheckSound(spec));
  std::lock_guard ddl(ddl_mutex_);
  const auto ns = namespaces_.find(spec.name.ns);
  if (ns == namespaces_.end()) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("Namespace '{0}' does not exist. Create it first with CREATE NAMESPACE "
                             "{0}.",
                             spec.name.ns));
  }
  if (const auto it = ns->second.tables.find(spec.name.table); it != ns->second.tables.end()) {
    if (if_not_exists) return CreatedTable{DdlOutcome::kSkipped, it->second.def};
    return Error(ErrorCode::kAlreadyExists,
                 fmt::format("Table {} already exists", spec.name.ToString()));
  }
  const auto storage = storages_.find(spec.storage_id);
  if (storage == storages_.end()) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("Storage '{}' does not exist in system.storages", spec.storage_id));
  }

  // The number is spent even if the commit fails: what became of that is not always known.
  spec.id = TableId(next_table_id_++);
  spec.schema_version = 1;
  spec.created_at = spec.updated_at = WholeMillis(clock_.NowMicros());
  for (ColumnDef& column : spec.columns) {
    if (column.primary_key) column.nullable = false;
  }
  spec.Finish();
  TableDocument document{.def = std::move(spec), .history = {}};
  document.history.push_back(HistoryEntry(document.def, document.def.created_at, "Initial schema"));
  if (prepare) KALAM_TRY(prepare(document.def, *storage->second));
  kv::Batch batch;
  batch.Put(kv::Family::kMeta, TableKey(document.def.name), EncodeTableDocument(document));
  batch.Put(kv::Family::kMeta, kNextTableIdKey, std::to_string(next_table_id_));
  KALAM_TRY(writer_.WriteDurably(batch));

  CreatedTable created{DdlOutcome::kDone, nullptr};
  created.table = Insert(std::move(document));
  return created;
}

Result<Catalog::DroppedTable> Catalog::DropTable(const TableName& name,
                                                 const DropTableOptions& options) {
  std::lock_guard ddl(ddl_mutex_);
  const auto it = tables_.find(NameView{name.ns, name.table});
  if (it == tables_.end() || (options.id && it->second->id != *options.id)) {
    if (options.if_exists) return DroppedTable{DdlOutcome::kSkipped, nullptr};
    return Error(ErrorCode::kNotFound,
                 fmt::format("relation '{}' does not exist", name.ToString()));
  }
  const TableDefPtr def = it->second;
  if (options.kind && def->kind != *options.kind) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("Table {} is a {} table, not a {} table", name.ToString(),
                             ToString(def->kind), ToString(*options.kind)));
  }
  kv::Batch batch;
  batch.Delete(kv::Family::kMeta, TableKey(name));
  batch.DeletePrefix(kv::Family::kMeta, TableGrantPrefix(def->id));
  const std::string row_prefix = TablePrefix(def->id);
  if (options.also) KALAM_TRY(options.also(*def, std::nullopt, batch));
  KALAM_TRY(writer_.WriteAndDropPrefixes(batch, {&row_prefix, 1}));

  std::lock_guard state(state_mutex_);
  tables_by_id_.erase(it->second->id);
  tables_.erase(it);
  grants_.erase(def->id);
  namespaces_.find(name.ns)->second.tables.erase(name.table);
  return DroppedTable{DdlOutcome::kDone, def};
}

Result<TableDefPtr> Catalog::AlterTable(const TableName& name, TableId id, const ColumnChange& change,
                                        const RowCheck& check) {
  std::lock_guard ddl(ddl_mutex_);
  const auto it = tables_.find(NameView{name.ns, name.table});
  if (it == tables_.end() || it->second->id != id) {
    return Error(ErrorCode::kNotFound, fmt::format("relation '{}' does not exist", name.ToString()));
  }
  const TableDefPtr old_def = it->second;
  KALAM_TRY_ASSIGN(SchemaChange changed, ApplyColumnChange(*old_def, change));
  const TimestampMicros now = WholeMillis(clock_.NowMicros());
  changed.next.updated_at = now;
  TableDocument document{.def = std::move(changed.next),
                         .history = *namespaces_.find(name.ns)->second.tables.find(name.table)->second.history};
  document.history.push_back(HistoryEntry(document.def, now, std::move(changed.text)));
  kv::Batch batch;
  batch.Put(kv::Family::kMeta, TableKey(name), EncodeTableDocument(document));

  const std::string rows = TablePrefix(id);
  const auto commit = [&]() -> Status {
    if (changed.check) {
      KALAM_TRY(writer_.WriteAndFence(kv::Batch(), rows, document.def.schema_version));
      KALAM_TRY(check(*old_def, document.def, *changed.check));
    }
    return writer_.WriteAndFence(batch, rows, document.def.schema_version);
  };
  altering_ = id;
  const Status committed = commit();
  TableDefPtr result;
  if (committed.ok()) {
    result = Insert(std::move(document));
  } else {
    // Writers go on with the old definition. Should the store refuse this, it refuses them as well.
    (void)writer_.WriteAndFence(kv::Batch(), rows, old_def->schema_version);
  }
  altering_ = TableId();
  if (!committed.ok()) return committed.error();
  return result;
}

TableDefPtr Catalog::Insert(TableDocument document) {
  TableEntry entry{
      .def = std::make_shared<const TableDef>(std::move(document.def)),
      .history = std::make_shared<const std::vector<SchemaVersion>>(std::move(document.history))};
  const TableDefPtr def = entry.def;
  std::lock_guard state(state_mutex_);
  const auto ns = namespaces_.find(def->name.ns);
  KALAM_CHECK(ns != namespaces_.end(), "a table belongs to a namespace");
  // The key looks into the definition that it stands for.
  tables_.erase(NameView{def->name.ns, def->name.table});
  tables_.emplace(NameView{def->name.ns, def->name.table}, def);
  tables_by_id_.insert_or_assign(def->id, def);
  ns->second.tables.insert_or_assign(def->name.table, std::move(entry));
  return def;
}

}  // namespace kalam::catalog
