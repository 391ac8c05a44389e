#include "catalog/catalog.h"
#include "kv/batch.h"
#include "meta_keys.h"
#include "model/generated_ids.h"
#include "model/key_codec.h"

#include <algorithm>
#include <tuple>
#include <unordered_set>

#include <fmt/format.h>

// Users, their API keys, and grants.
namespace kalam::catalog {
namespace {

Error UserNotFound(std::string_view user_id) {
  return Error(ErrorCode::kNotFound, fmt::format("User with user_id '{}' not found", user_id));
}

}  // namespace

std::shared_ptr<const ApiKey> Catalog::FindApiKey(std::string_view hash) const {
  std::shared_lock lock(state_mutex_);
  const auto it = api_keys_.find(hash);
  return it == api_keys_.end() ? nullptr : it->second;
}

std::vector<std::shared_ptr<const ApiKey>> Catalog::ListApiKeys() const {
  std::vector<std::shared_ptr<const ApiKey>> keys;
  {
    std::shared_lock lock(state_mutex_);
    for (const auto& [hash, key] : api_keys_) keys.push_back(key);
  }
  std::ranges::sort(
      keys, {}, [](const auto& key) { return std::tie(key->user_id, key->created_at, key->id); });
  return keys;
}

bool Catalog::HasGrant(TableId table, std::string_view user_id) const {
  std::shared_lock lock(state_mutex_);
  const auto it = grants_.find(table);
  return it != grants_.end() && it->second.contains(user_id);
}

Result<UserPtr> Catalog::PutUser(User user) {
  kv::Batch batch;
  batch.Put(kv::Family::kMeta, UserKey(user.user_id), EncodeUser(user));
  KALAM_TRY(writer_.WriteDurably(batch));
  const std::string id = user.user_id;
  auto row = std::make_shared<const User>(std::move(user));
  std::lock_guard state(state_mutex_);
  users_.insert_or_assign(id, row);
  return UserPtr(std::move(row));
}

Result<UserPtr> Catalog::CreateUser(User user) {
  std::lock_guard ddl(ddl_mutex_);
  if (users_.contains(user.user_id)) {
    return Error(ErrorCode::kAlreadyExists,
                 fmt::format("User with user_id '{}' already exists", user.user_id));
  }
  user.created_at = user.updated_at = WholeMillis(clock_.NowMicros());
  return PutUser(std::move(user));
}

Result<UserPtr> Catalog::ChangeUser(std::string_view user_id, const UserChange& change) {
  std::lock_guard ddl(ddl_mutex_);
  const auto it = users_.find(user_id);
  if (it == users_.end()) return UserNotFound(user_id);
  KALAM_TRY_ASSIGN(User changed, change(*it->second));
  changed.updated_at = WholeMillis(clock_.NowMicros());
  return PutUser(std::move(changed));
}

Status Catalog::DeleteUser(std::string_view user_id) {
  auto deleted = ChangeUser(user_id, [&](const User& user) -> Result<User> {
    if (user.deleted_at) return UserNotFound(user_id);
    User changed = user;
    changed.deleted_at = WholeMillis(clock_.NowMicros());
    return changed;
  });
  if (!deleted.ok()) return std::move(deleted).error();
  return {};
}

Status Catalog::PutUsers(std::vector<UserPut> puts) {
  std::lock_guard ddl(ddl_mutex_);
  kv::Batch batch;
  std::unordered_set<std::string_view> written;
  for (UserPut& put : puts) {
    const auto it = users_.find(put.user.user_id);
    const bool twice = !written.insert(put.user.user_id).second;
    if (!put.expected) {
      if (it != users_.end() || twice) {
        return Error(ErrorCode::kAlreadyExists,
                     fmt::format("User with user_id '{}' already exists", put.user.user_id));
      }
      put.user.created_at = put.user.updated_at = clock_.NowMicros();
    } else if (it == users_.end() || it->second != put.expected) {
      return Error(ErrorCode::kConflict, "the user was changed meanwhile");
    }
    put.user.created_at = WholeMillis(put.user.created_at);
    put.user.updated_at = WholeMillis(put.user.updated_at);
    if (put.user.deleted_at) put.user.deleted_at = WholeMillis(*put.user.deleted_at);
    batch.Put(kv::Family::kMeta, UserKey(put.user.user_id), EncodeUser(put.user));
  }
  if (batch.empty()) return {};
  KALAM_TRY(writer_.WriteDurably(batch));
  std::lock_guard state(state_mutex_);
  for (UserPut& put : puts) {
    const std::string id = put.user.user_id;
    users_.insert_or_assign(id, std::make_shared<const User>(std::move(put.user)));
  }
  return {};
}

Result<std::vector<std::string>> Catalog::PurgeUsers(TimestampMicros deleted_before, const AddToDrop& also) {
  std::vector<std::string> purged;
  for (const UserPtr& user : ListUsers()) {
    if (!user->deleted_at || *user->deleted_at >= deleted_before) continue;
    std::lock_guard ddl(ddl_mutex_);
    const auto it = users_.find(user->user_id);
    if (it == users_.end() || it->second != user) continue;  // restored meanwhile
    KALAM_TRY(PurgeUser(user, also));
    purged.push_back(user->user_id);
  }
  return purged;
}

// With ddl_mutex_ held: no table can come in between.
Status Catalog::PurgeUser(const UserPtr& user, const AddToDrop& also) {
  kv::Batch batch;
  batch.Delete(kv::Family::kMeta, UserKey(user->user_id));
  for (const auto& [hash, key] : api_keys_) {
    if (key->user_id == user->user_id) batch.Delete(kv::Family::kMeta, ApiKeyKey(key->id));
  }
  for (const auto& [table, users] : grants_) {
    if (users.contains(user->user_id))
      batch.Delete(kv::Family::kMeta, GrantKey(table, user->user_id));
  }
  for (const auto& [name, table] : tables_) {
    if (table->kind != TableKind::kUser) continue;
    const std::string partition = PartitionPrefix(table->id, UserId::FromTrusted(user->user_id));
    batch.DeletePrefix(kv::Family::kHot, partition);
    batch.DeletePrefix(kv::Family::kLog, partition);
    if (also) KALAM_TRY(also(*table, user->user_id, batch));
  }
  KALAM_TRY(writer_.WriteDurably(batch));

  std::lock_guard state(state_mutex_);
  users_.erase(user->user_id);
  std::erase_if(api_keys_,
                [&](const auto& entry) { return entry.second->user_id == user->user_id; });
  for (auto& [table, users] : grants_) users.erase(user->user_id);
  return {};
}

Result<std::shared_ptr<const ApiKey>> Catalog::CreateApiKey(std::string_view user_id,
                                                            std::optional<std::string> name,
                                                            std::string hash) {
  std::lock_guard ddl(ddl_mutex_);
  const auto user = users_.find(user_id);
  if (user == users_.end() || user->second->deleted_at) return UserNotFound(user_id);
  const TimestampMicros now = clock_.NowMicros();
  auto key = std::make_shared<const ApiKey>(ApiKey{.id = MakeUuidV7(now),
                                                   .user_id = std::string(user_id),
                                                   .name = std::move(name),
                                                   .hash = std::move(hash),
                                                   .created_at = WholeMillis(now)});
  kv::Batch batch;
  batch.Put(kv::Family::kMeta, ApiKeyKey(key->id), EncodeApiKey(*key));
  KALAM_TRY(writer_.WriteDurably(batch));
  std::lock_guard state(state_mutex_);
  api_keys_.emplace(key->hash, key);
  return key;
}

Status Catalog::DropApiKey(std::string_view id) {
  std::lock_guard ddl(ddl_mutex_);
  const auto it =
      std::ranges::find_if(api_keys_, [&](const auto& entry) { return entry.second->id == id; });
  if (it == api_keys_.end())
    return Error(ErrorCode::kNotFound, fmt::format("API key '{}' not found", id));
  kv::Batch batch;
  batch.Delete(kv::Family::kMeta, ApiKeyKey(id));
  KALAM_TRY(writer_.WriteDurably(batch));
  std::lock_guard state(state_mutex_);
  api_keys_.erase(it);
  return {};
}

Result<bool> Catalog::Grant(const TableDef& table, std::string_view user_id) {
  std::lock_guard ddl(ddl_mutex_);
  const auto it = tables_.find(NameView{table.name.ns, table.name.table});
  if (it == tables_.end() || it->second->id != table.id) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("relation '{}' does not exist", table.name.ToString()));
  }
  if (const auto granted = grants_.find(table.id);
      granted != grants_.end() && granted->second.contains(user_id)) {
    return false;
  }
  kv::Batch batch;
  batch.Put(kv::Family::kMeta, GrantKey(table.id, user_id), "");
  KALAM_TRY(writer_.WriteDurably(batch));
  std::lock_guard state(state_mutex_);
  grants_[table.id].emplace(user_id);
  return true;
}

Result<bool> Catalog::Revoke(const TableDef& table, std::string_view user_id) {
  std::lock_guard ddl(ddl_mutex_);
  const auto it = grants_.find(table.id);
  if (it == grants_.end() || !it->second.contains(user_id)) return false;
  kv::Batch batch;
  batch.Delete(kv::Family::kMeta, GrantKey(table.id, user_id));
  KALAM_TRY(writer_.WriteDurably(batch));
  std::lock_guard state(state_mutex_);
  it->second.erase(it->second.find(user_id));
  return true;
}

}  // namespace kalam::catalog
