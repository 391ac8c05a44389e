#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/namespace_document.h"
#include "catalog/storage.h"
#include "catalog/table_document.h"
#include "catalog/user.h"
#include "kv/durable_writer.h"
#include "model/ids.h"
#include "model/schema_change.h"
#include "model/table_def.h"

namespace kalam::kv {
class Store;
}

namespace kalam::catalog {

// Documents keep milliseconds; so does memory, so that a restart changes nothing.
inline TimestampMicros WholeMillis(TimestampMicros micros) { return micros - micros % 1000; }

struct NamespaceInfo {
  std::string name;
  std::string options_json = "{}";
  TimestampMicros created_at = 0;
  std::size_t table_count = 0;
};

// A row of system.users as a statement wants it.
struct UserPut {
  User user;
  UserPtr expected;  // the row that it replaces; null: there must be none
};

// What a statement with IF [NOT] EXISTS came to. The message is the caller's.
enum class DdlOutcome {
  kDone,
  kSkipped,  // IF NOT EXISTS and it existed, or IF EXISTS and it did not
};

// Namespaces, tables and users: in memory for reading, in the `meta` family for keeps.
//
// Threads: everything may be called from any thread. Look-ups take one shared lock for the time of a hash
// probe. DDL is serialised by one mutex, held over the commit; a change is visible to look-ups only
// once it is durable, so nobody can build on a table that a crash would take back.
class Catalog {
 public:
  struct Options {
    // The user that localhost requests run as; gets a row of role `system` at first start.
    std::string localhost_default_user = "system";
    // Where the files of the storage `local` are.
    std::string default_storage_path = "./data/storage";
    // Seals credentials of storages on disk; without it they are stored as plain text.
    std::optional<CredentialsCipher> credentials_cipher = {};
  };

  // Reads all definitions with one scan of the `meta` family. At first start writes the namespace
  // `default`; at each start what is missing of the storage `local` and the rows of the users `system` and
  // `localhost_default_user`. `writer` (the Committer in the server, the store itself in tests) and `clock` must
  // outlive the catalog; `store` is used only here. Errors: kCorruption naming the key; what the store or `writer`
  // report.
  static Result<std::unique_ptr<Catalog>> Open(const kv::Store& store, kv::DurableWriter& writer,
                                               const Clock& clock, const Options& options);

  // --- look-ups

  // The hot path: no allocation. Null when there is no such table. Names are compared as they are;
  // callers fold case.
  TableDefPtr FindTable(std::string_view ns, std::string_view table) const;
  // By the number that never changes, also not with the table's name.
  TableDefPtr FindTable(TableId id) const;
  bool HasNamespace(std::string_view ns) const;
  // In order of name.
  std::vector<NamespaceInfo> ListNamespaces() const;
  // In order of namespace and name; of one namespace when `ns` is given, empty if it does not exist.
  std::vector<TableDefPtr> ListTables(std::optional<std::string_view> ns = std::nullopt) const;
  std::size_t table_count() const;
  // Oldest first; empty when there is no such table.
  std::vector<SchemaVersion> SchemaHistory(std::string_view ns, std::string_view table) const;

  // The hot path of every request: null when the user has no row. Soft-deleted users have one.
  UserPtr FindUser(std::string_view user_id) const;
  // In order of user id, soft-deleted ones included.
  std::vector<UserPtr> ListUsers() const;
  // The key with this hash; null when there is none.
  std::shared_ptr<const ApiKey> FindApiKey(std::string_view hash) const;
  // In order of user and creation.
  std::vector<std::shared_ptr<const ApiKey>> ListApiKeys() const;
  // Whether the user was granted access to the (restricted) table.
  bool HasGrant(TableId table, std::string_view user_id) const;

  // Null when there is no such storage.
  StoragePtr FindStorage(std::string_view id) const;
  // `local` first, then in order of id.
  std::vector<StoragePtr> ListStorages() const;
  // Where a table's files go, for people: `./data/storage/app/users/notes/{userId}`.
  std::string StorageLocation(const TableDef& table) const;
  // The folder or prefix of a SHARED table's files. Errors: those of StoragePath; kNotFound.
  Result<std::string> SharedTablePath(const TableDef& table, const Storage& storage) const;

  // --- changes. Permission is the caller's affair. All report the errors of the writer, too.

  // Errors: kInvalidArgument (name), kAlreadyExists `Namespace 'app' already exists`.
  Result<DdlOutcome> CreateNamespace(std::string_view name, bool if_not_exists);

  // What a drop throws away beside what the catalog knows of, for example files: adds it to the drop's own commit.
  // `user`: of that partition only. An error ends the drop before anything was written.
  using AddToDrop =
      std::function<Status(const TableDef& table, std::optional<std::string_view> user, kv::Batch& batch)>;

  struct DropNamespaceOptions {
    bool if_exists = false;
    bool cascade = false;  // drops its tables in the same change
    AddToDrop also = {};
  };
  // Errors: kNotFound `Namespace 'app' not found`; kInvalidArgument `Cannot drop namespace
  // 'app': namespace contains N table(s). Drop all tables first.`
  Result<DdlOutcome> DropNamespace(std::string_view name, const DropNamespaceOptions& options);

  struct CreatedTable {
    DdlOutcome outcome = DdlOutcome::kDone;
    TableDefPtr table;  // the new one, or with kSkipped the one that existed
  };
  // `spec` comes from the parser, which checked what a user can get wrong (see sql::TableSpec), and
  // carries all but id, schema version and times, which are set here; `primary_key` and `layout` are
  // derived from the columns. Check and creation are one step with regard to DropNamespace.
  // Errors: kNotFound `Namespace 'x' does not exist. Create it first with CREATE NAMESPACE x.` and
  // `Storage 'x' does not exist in system.storages`; kAlreadyExists `Table ns.t already exists`;
  // kInvalidArgument for a name or set of columns that could not be stored and read again; those of `prepare`,
  // which runs when nothing but the commit is left and makes what the table needs elsewhere.
  using PrepareTable = std::function<Status(const TableDef& table, const Storage& storage)>;
  Result<CreatedTable> CreateTable(TableDef spec, bool if_not_exists, const PrepareTable& prepare = {});

  struct DropTableOptions {
    bool if_exists = false;
    std::optional<TableKind> kind = {};  // DROP USER TABLE: must be that kind
    // The table that the caller authorized: another of the same name made since counts as missing.
    std::optional<TableId> id = {};
    AddToDrop also = {};
  };
  struct DroppedTable {
    DdlOutcome outcome = DdlOutcome::kDone;
    TableDefPtr table;  // what was dropped; null with kSkipped
  };
  // The rows go with the same commit, and no row can be written afterwards (kv::DurableWriter), also
  // not by a statement that still holds the definition.
  // Errors: kNotFound `relation 'app.t' does not exist`; kInvalidArgument for the wrong kind.
  Result<DroppedTable> DropTable(const TableName& name, const DropTableOptions& options);

  // Looks at the live rows of a table that is about to be altered: does every value of the column (an index in
  // `old_def`) fit the new definition? No row is written to the table meanwhile.
  using RowCheck = std::function<Status(const TableDef& old_def, const TableDef& new_def, std::size_t column)>;
  // `id` is the table that the caller authorized. One change, one new schema version, one write. From the
  // moment it is in the commit order no row of the old version can be written (kv::DurableWriter), also not by
  // a statement that holds the old definition: that one is told kConflict, and runs again after AwaitChanges.
  // `check` runs only when existing values could stand in the way, after such a fence is up.
  // Errors: kNotFound `relation 'app.t' does not exist`; those of ApplyColumnChange; those of `check`.
  Result<TableDefPtr> AlterTable(const TableName& name, TableId id, const ColumnChange& change,
                                 const RowCheck& check);

  // Return once the change that is going on, if any, is over; the second one if it alters that table.
  void AwaitChanges() { std::lock_guard ddl(ddl_mutex_); }
  void AwaitAlter(TableId id) {
    if (altering_.load() == id) AwaitChanges();
  }

  // A storage that CheckStorage accepts; times are set here. Errors: those of CheckStorage; kAlreadyExists
  // `Storage 'x' already exists`.
  Result<DdlOutcome> CreateStorage(Storage storage, bool if_not_exists);
  // Errors: kNotFound `Storage 'x' not found`; those of CheckStorage.
  Status AlterStorage(std::string_view id, const StorageChange& change);
  // Check and removal are one step with regard to CreateTable. Errors: kInvalidArgument `Cannot delete 'local'
  // storage (protected)` and `Cannot delete storage 'x': N table(s) depend on it ...`; kNotFound.
  Result<DdlOutcome> DropStorage(std::string_view id, bool if_exists);

  // All that is stored about a namespace; nullopt when there is none.
  struct NamespaceContents {
    NamespaceDocument document;
    std::vector<TableDocument> tables = {};  // in order of name
  };
  std::optional<NamespaceContents> ContentsOf(std::string_view ns) const;
  // Creates a namespace with its tables, under new numbers, what `also` adds for each table, and `with`, all in one
  // commit.
  // Errors: kAlreadyExists `Namespace 'app' already exists`; kNotFound `Storage 'x' does not exist in
  // system.storages`; those of `also`, which must not call the catalog.
  using AddToCreate = std::function<Status(const TableDef& table, kv::Batch& batch)>;
  Status RestoreNamespace(NamespaceContents contents, const AddToCreate& also, kv::Batch with = {});

  // Replaces the given options and keeps the others. `options` are JSON values by key.
  // Errors: kNotFound `Namespace 'app' not found`; kLimitExceeded.
  Status SetNamespaceOptions(std::string_view name,
                             std::span<const std::pair<std::string, std::string>> options);

  // --- users. Ids and texts are checked by the caller as far as a user can get them wrong.

  // Times are set here. Errors: kAlreadyExists `User with user_id 'X' already exists` (also when soft-deleted).
  Result<UserPtr> CreateUser(User user);
  // Replaces the row by what `change` makes of it, as one step; `updated_at` is set here.
  // Errors: kNotFound `User with user_id 'X' not found`; those of `change`.
  using UserChange = std::function<Result<User>(const User& user)>;
  Result<UserPtr> ChangeUser(std::string_view user_id, const UserChange& change);
  // Soft-deletes: sets `deleted_at`, the row and the user's data stay. Errors: kNotFound, also when deleted already.
  Status DeleteUser(std::string_view user_id);
  // Writes the rows of one statement, all or none. Errors: kAlreadyExists as CreateUser; kConflict when a row is no
  // longer the one that its change was computed from.
  Status PutUsers(std::vector<UserPut> puts);
  // Removes the users that were soft-deleted before `deleted_before`, with their keys, grants and partitions of all
  // USER tables, each user in one commit. Returns their ids.
  Result<std::vector<std::string>> PurgeUsers(TimestampMicros deleted_before, const AddToDrop& also = {});

  // `hash`: auth::HashApiKey of the new key. Errors: kNotFound for the user.
  Result<std::shared_ptr<const ApiKey>> CreateApiKey(std::string_view user_id, std::optional<std::string> name,
                                                     std::string hash);
  // Errors: kNotFound `API key 'id' not found`.
  Status DropApiKey(std::string_view id);

  // True if that changed something. The grant goes with the table.
  // Errors: kNotFound when `table` was dropped meanwhile.
  Result<bool> Grant(const TableDef& table, std::string_view user_id);
  Result<bool> Revoke(const TableDef& table, std::string_view user_id);

 private:
  struct TableEntry {
    TableDefPtr def;
    std::shared_ptr<const std::vector<SchemaVersion>> history;
  };
  struct Namespace {
    NamespaceDocument document;
    std::map<std::string, TableEntry, std::less<>> tables;
  };
  using NamespaceMap = std::map<std::string, Namespace, std::less<>>;
  // A table's name as two views into its definition, so that a look-up needs no string.
  struct NameView {
    std::string_view ns;
    std::string_view table;
    bool operator==(const NameView&) const = default;
  };
  struct NameHash {
    std::size_t operator()(const NameView& name) const noexcept;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept;
  };

  Catalog(kv::DurableWriter& writer, const Clock& clock, Options options)
      : writer_(writer), clock_(clock), options_(std::move(options)) {}

  // Open's steps, before anybody else has the catalog.
  Status Load(const kv::Store& store);
  Status LoadNamespace(std::string_view key, std::string_view value);
  Status LoadTable(std::string_view key, std::string_view value, std::unordered_set<TableId>& ids);
  Status LoadUser(std::string_view key, std::string_view value);
  Status LoadApiKey(std::string_view key, std::string_view value);
  Status LoadGrant(std::string_view key);
  Status LoadStorage(std::string_view key, std::string_view value, std::vector<std::string>& to_seal);
  Status WriteFirstRows(bool first_start, const std::vector<std::string>& to_seal);

  const CredentialsCipher* cipher() const {
    return options_.credentials_cipher ? &*options_.credentials_cipher : nullptr;
  }
  // Stores a new or changed storage, then shows it. With ddl_mutex_ held.
  Status PutStorage(Storage storage);
  // With ddl_mutex_ held. Errors: kInvalidArgument, see DropStorage.
  Status CheckUnused(std::string_view storage_id) const;

  // Writes a user's row and makes it visible; with ddl_mutex_ held.
  Result<UserPtr> PutUser(User user);
  Status PurgeUser(const UserPtr& user, const AddToDrop& also);

  // With ddl_mutex_ held; the namespace exists. Takes the place of the table's definition before, if any.
  TableDefPtr Insert(TableDocument document);

  kv::DurableWriter& writer_;
  const Clock& clock_;
  const Options options_;

  // Held over a whole change, commit included. Whoever changes what state_mutex_ guards holds both, so
  // the holder of this one alone may read it.
  std::mutex ddl_mutex_;
  std::uint32_t next_table_id_ = 1;  // guarded by ddl_mutex_
  std::atomic<TableId> altering_{};  // set while AlterTable may refuse writes to it

  mutable std::shared_mutex state_mutex_;  // guards all below
  NamespaceMap namespaces_;
  std::unordered_map<NameView, TableDefPtr, NameHash> tables_;
  std::unordered_map<TableId, TableDefPtr> tables_by_id_;
  std::unordered_map<std::string, UserPtr, TextHash, std::equal_to<>> users_;
  std::unordered_map<std::string, std::shared_ptr<const ApiKey>, TextHash, std::equal_to<>> api_keys_;  // by hash
  std::unordered_map<TableId, std::set<std::string, std::less<>>> grants_;
  std::map<std::string, StoragePtr, std::less<>> storages_;
};

}  // namespace kalam::catalog
