#include "cold/storages.h"

#include "catalog/storage_path.h"
#include "cold/file_store.h"
#include "cold/s3_store.h"
#include "cold/sharding.h"

#include <optional>

#include <fmt/format.h>
#include <simdjson.h>

namespace kalam::cold {
namespace {

constexpr std::string_view kS3Scheme = "s3://";

// A field of the credentials under one of its names.
std::optional<std::string> Field(const simdjson::dom::object& object,
                                 std::initializer_list<const char*> names) {
  for (const char* name : names) {
    std::string_view value;
    if (object[name].get(value) == simdjson::SUCCESS) return std::string(value);
  }
  return std::nullopt;
}

// `s3://bucket/prefix/` and `{"access_key":"...","secret_key":"...","region":...,"endpoint":...}`.
Result<S3Options> S3OptionsOf(const catalog::Storage& storage, std::string_view root) {
  S3Options options;
  root.remove_prefix(kS3Scheme.size());
  const std::size_t slash = root.find('/');
  options.bucket = root.substr(0, slash);
  if (slash != std::string_view::npos) options.prefix = root.substr(slash + 1);
  if (!options.prefix.empty() && !options.prefix.ends_with('/')) options.prefix += '/';
  if (!storage.credentials) {
    if (storage.sealed_credentials.empty()) return options;
    return Error(
        ErrorCode::kInvalidArgument,
        fmt::format(
            "the credentials of storage '{}' cannot be opened: storage.credentials_key is missing "
            "or another one",
            storage.id));
  }
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(*storage.credentials).get(object) != simdjson::SUCCESS) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("the credentials of storage '{}' are no JSON object", storage.id));
  }
  options.access_key = Field(object, {"access_key", "access_key_id"}).value_or("");
  options.secret_key = Field(object, {"secret_key", "secret_access_key"}).value_or("");
  options.session_token = Field(object, {"session_token"}).value_or("");
  options.region = Field(object, {"region"}).value_or(options.region);
  options.endpoint = Field(object, {"endpoint", "endpoint_url"}).value_or("");
  bool path_style = options.path_style;
  if (object["path_style"].get(path_style) == simdjson::SUCCESS) options.path_style = path_style;
  return options;
}

}  // namespace

Storages::Storages(const catalog::Catalog& catalog, const Clock& clock, StoragesOptions options)
    : catalog_(catalog), clock_(clock), options_(std::move(options)) {}

Result<Placement> Storages::Place(const TableDef& table, std::string_view user) const {
  std::string storage_id = table.storage_id;
  if (table.use_user_storage && !user.empty()) {
    const auto row = catalog_.FindUser(user);
    if (row && row->storage_mode == "region" && row->storage_id) storage_id = *row->storage_id;
  }
  if (storage_id.empty()) storage_id = catalog::kLocalStorage;
  const auto storage = catalog_.FindStorage(storage_id);
  // Not kNotFound, which stands for the table: a job goes on with the other users.
  if (!storage)
    return Error(ErrorCode::kInvalidArgument, fmt::format("Storage '{}' not found", storage_id));
  const auto kind = user.empty() ? catalog::TemplateKind::kShared : catalog::TemplateKind::kUser;
  std::string shard;
  if (!user.empty()) {
    KALAM_TRY_ASSIGN(shard, ShardOf(table.sharding, user));
  }
  KALAM_TRY_ASSIGN(
      catalog::StoragePlace place,
      PlaceInStorage(
          *storage, kind,
          {.ns = table.name.ns, .table = table.name.table, .shard = shard, .user = user}));
  return Placement{std::move(storage_id), std::move(place.root), std::move(place.folder)};
}

Result<ObjectStorePtr> Storages::Open(const std::string& storage_id, const std::string& root) {
  const auto storage = catalog_.FindStorage(storage_id);
  if (!storage)
    return Error(ErrorCode::kNotFound, fmt::format("Storage '{}' not found", storage_id));
  const std::lock_guard lock(mutex_);
  Opened& opened = opened_[{storage_id, root}];
  if (!opened.store || opened.updated_at != storage->updated_at) {
    KALAM_TRY_ASSIGN(opened.store, OpenNow(*storage, root));
    opened.updated_at = storage->updated_at;
  }
  return opened.store;
}

Result<ObjectStorePtr> Storages::OpenNow(const catalog::Storage& storage,
                                         const std::string& root) const {
  if (!root.starts_with(kS3Scheme)) {
    KALAM_TRY_ASSIGN(auto store, OpenFileStore(root.empty() ? options_.default_root
                                                            : std::filesystem::path(root)));
    return ObjectStorePtr(std::move(store));
  }
  KALAM_TRY_ASSIGN(S3Options options, S3OptionsOf(storage, root));
  std::error_code error;
  std::filesystem::create_directories(options_.staging_folder, error);
  if (error)
    return Error(ErrorCode::kIo,
                 "create '" + options_.staging_folder.string() + "': " + error.message());
  options.staging_folder = options_.staging_folder;
  options.allowed_endpoint_hosts = options_.allowed_endpoint_hosts;
  KALAM_TRY_ASSIGN(auto store, OpenS3Store(std::move(options), clock_));
  return ObjectStorePtr(std::move(store));
}

}  // namespace kalam::cold
