#include <charconv>
#include <limits>
#include <unordered_set>

#include <fmt/format.h>

#include "base/log.h"
#include "catalog/catalog.h"
#include "kv/batch.h"
#include "kv/store.h"
#include "meta_keys.h"

// How a catalog comes to life: reading what is stored, and the rows of the first start.
namespace kalam::catalog {
namespace {

constexpr std::string_view kDefaultNamespace = "default";
constexpr std::string_view kSystemUser = "system";

Error Corrupt(std::string_view key, std::string_view why) {
  return Error(ErrorCode::kCorruption, fmt::format("{}: {}", key, why));
}

// Calls `use(key, value)` for each key of the `meta` family that starts with `prefix`.
template <typename Use>
Status ForEach(const kv::Store& store, std::string_view prefix, Use use) {
  kv::IteratorOptions options;
  options.lower = prefix;
  options.upper = prefix;
  ++options.upper.back();
  const auto it = store.NewIterator(kv::Family::kMeta, std::move(options));
  for (it->SeekToFirst(); it->Valid(); it->Next()) KALAM_TRY(use(it->key(), it->value()));
  return it->status();
}

// nullopt before the first start is over.
Result<std::optional<std::uint32_t>> ReadNextTableId(const kv::Store& store) {
  kv::PinnedValue value;
  KALAM_TRY_ASSIGN(const auto outcome, store.Get(kv::Family::kMeta, kNextTableIdKey, value));
  if (outcome != kv::ReadOutcome::kFound) return std::optional<std::uint32_t>();
  const std::string_view text = value.view();
  std::uint32_t next = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), next);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || next == 0) {
    return Corrupt(kNextTableIdKey, "not a table number");
  }
  return std::optional(next);
}

}  // namespace

Result<std::unique_ptr<Catalog>> Catalog::Open(const kv::Store& store, kv::DurableWriter& writer,
                                               const Clock& clock, const Options& options) {
  KALAM_TRY(UserId::Parse(options.localhost_default_user).Context("localhost_default_user"));
  std::unique_ptr<Catalog> catalog(new Catalog(writer, clock, options));
  KALAM_TRY_ASSIGN(const auto next_table_id, ReadNextTableId(store).Context("open catalog"));
  KALAM_TRY(catalog->Load(store).Context("open catalog"));
  std::vector<std::string> to_seal;
  KALAM_TRY(ForEach(store, kStoragePrefix, [&](std::string_view key, std::string_view value) {
              return catalog->LoadStorage(key, value, to_seal);
            }).Context("open catalog"));
  const bool first_start = !next_table_id.has_value();
  if (first_start && !catalog->tables_.empty()) {
    // Going on could give a new table the rows of an old one.
    return Corrupt(kNextTableIdKey, "missing although there are tables").Context("open catalog");
  }
  catalog->next_table_id_ = next_table_id.value_or(1);
  for (const auto& [name, def] : catalog->tables_) {
    if (def->id.value() >= catalog->next_table_id_) {
      return Corrupt(kNextTableIdKey, fmt::format("table {} has number {} already",
                                                  def->name.ToString(), def->id.value()))
          .Context("open catalog");
    }
  }
  KALAM_TRY(catalog->WriteFirstRows(first_start, to_seal).Context("open catalog"));
  return catalog;
}

Status Catalog::Load(const kv::Store& store) {
  KALAM_TRY(ForEach(store, kNamespacePrefix, [&](std::string_view key, std::string_view value) {
    return LoadNamespace(key, value);
  }));
  std::unordered_set<TableId> ids;
  KALAM_TRY(ForEach(store, kTablePrefix, [&](std::string_view key, std::string_view value) {
    return LoadTable(key, value, ids);
  }));
  KALAM_TRY(ForEach(store, kUserPrefix, [&](std::string_view key, std::string_view value) {
    return LoadUser(key, value);
  }));
  KALAM_TRY(ForEach(store, kApiKeyPrefix, [&](std::string_view key, std::string_view value) {
    return LoadApiKey(key, value);
  }));
  return ForEach(store, kGrantPrefix, [&](std::string_view key, std::string_view) { return LoadGrant(key); });
}

Status Catalog::LoadNamespace(std::string_view key, std::string_view value) {
  KALAM_TRY_ASSIGN(auto document, DecodeNamespace(key, value));
  if (key != NamespaceKey(document.name)) return Corrupt(key, "holds another namespace");
  const std::string name = document.name;
  namespaces_.emplace(name, Namespace{.document = std::move(document), .tables = {}});
  return {};
}

Status Catalog::LoadTable(std::string_view key, std::string_view value,
                          std::unordered_set<TableId>& ids) {
  KALAM_TRY_ASSIGN(auto document, DecodeTableDocument(key, value));
  if (key != TableKey(document.def.name)) return Corrupt(key, "holds another table");
  if (!namespaces_.contains(document.def.name.ns)) {
    return Corrupt(key, fmt::format("namespace '{}' is missing", document.def.name.ns));
  }
  if (!ids.insert(document.def.id).second) {
    return Corrupt(key, fmt::format("table number {} occurs twice", document.def.id.value()));
  }
  Insert(std::move(document));
  return {};
}

Status Catalog::LoadUser(std::string_view key, std::string_view value) {
  KALAM_TRY_ASSIGN(auto user, DecodeUser(key, value));
  if (key != UserKey(user.user_id)) return Corrupt(key, "holds another user");
  const std::string id = user.user_id;
  users_.emplace(id, std::make_shared<const User>(std::move(user)));
  return {};
}

Status Catalog::LoadApiKey(std::string_view key, std::string_view value) {
  KALAM_TRY_ASSIGN(auto api_key, DecodeApiKey(key, value));
  if (key != ApiKeyKey(api_key.id)) return Corrupt(key, "holds another key");
  const std::string hash = api_key.hash;
  api_keys_.emplace(hash, std::make_shared<const ApiKey>(std::move(api_key)));
  return {};
}

Status Catalog::LoadGrant(std::string_view key) {
  const std::string_view rest = key.substr(kGrantPrefix.size());
  if (rest.size() <= sizeof(std::uint32_t)) return Corrupt(kGrantPrefix, "key is too short");
  grants_[TableId(LoadBigEndian<std::uint32_t>(rest.data()))].emplace(rest.substr(sizeof(std::uint32_t)));
  return {};
}

Status Catalog::LoadStorage(std::string_view key, std::string_view value, std::vector<std::string>& to_seal) {
  KALAM_TRY_ASSIGN(Storage storage, DecodeStorage(key, value, cipher()));
  if (key != StorageKey(storage.id)) return Corrupt(key, "holds another storage");
  if (!storage.sealed_credentials.empty() && !storage.credentials) {
    log::Warn("catalog", "credentials of storage '" + storage.id +
                             "' can't be opened: storage.credentials_key is not the one they were sealed with");
  }
  if (storage.credentials && storage.sealed_credentials.empty() && cipher() != nullptr) to_seal.push_back(storage.id);
  const std::string id = storage.id;
  storages_.emplace(id, std::make_shared<const Storage>(std::move(storage)));
  return {};
}

Status Catalog::WriteFirstRows(bool first_start, const std::vector<std::string>& to_seal) {
  const TimestampMicros now = WholeMillis(clock_.NowMicros());
  kv::Batch batch;
  if (storages_.empty()) {
    Storage local = DefaultStorage(now);
    KALAM_TRY_ASSIGN(const std::string document, EncodeStorage(local, cipher()));
    batch.Put(kv::Family::kMeta, StorageKey(local.id), document);
    storages_.emplace(local.id, std::make_shared<const Storage>(local));
  }
  // Stored before there was a key.
  for (const std::string& id : to_seal) {
    KALAM_TRY_ASSIGN(const std::string document, EncodeStorage(*storages_.at(id), cipher()));
    batch.Put(kv::Family::kMeta, StorageKey(id), document);
  }
  if (first_start) {
    NamespaceDocument document{.name = std::string(kDefaultNamespace), .created_at = now};
    batch.Put(kv::Family::kMeta, NamespaceKey(document.name), EncodeNamespace(document));
    batch.Put(kv::Family::kMeta, kNextTableIdKey, std::to_string(next_table_id_));
    namespaces_.emplace(document.name, Namespace{.document = document, .tables = {}});
  }
  for (const std::string_view id : {kSystemUser, std::string_view(options_.localhost_default_user)}) {
    if (users_.contains(id)) continue;
    User user;
    user.user_id = user.username = id;
    user.role = auth::Role::kSystem;
    user.created_at = user.updated_at = now;
    batch.Put(kv::Family::kMeta, UserKey(id), EncodeUser(user));
    users_.emplace(id, std::make_shared<const User>(std::move(user)));
  }
  // Nobody sees the catalog before this is on disk.
  return batch.empty() ? Status() : writer_.WriteDurably(batch);
}

}  // namespace kalam::catalog
