#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/meta_writer.h"
#include "catalog/table_document.h"
#include "catalog/user.h"
#include "model/ids.h"
#include "model/table_def.h"
#include "model/table_state.h"

namespace kalam::kv {
class Store;
}

namespace kalam::catalog {

// A table as a statement uses it: the definition of this moment, and the state that all versions of the
// definition share. False when there is no such table.
struct TableHandle {
  TableDefPtr def;
  std::shared_ptr<TableState> state;

  explicit operator bool() const { return def != nullptr; }
};

struct NamespaceInfo {
  std::string name;
  std::string options_json = "{}";
  std::size_t table_count = 0;
  TimestampMicros created_at = 0;
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
  };

  // Reads all definitions with one scan of the `meta` family. At first start writes the namespace
  // `default` and the user rows. `writer` and `clock` must outlive the catalog; `store` is used only
  // here. Errors: kCorruption naming the key; what the store or `writer` report.
  static Result<std::unique_ptr<Catalog>> Open(kv::Store& store, MetaWriter& writer,
                                               const Clock& clock, const Options& options);
  ~Catalog();

  // --- look-ups

  // The hot path: no allocation. Names are compared as they are; callers fold case.
  TableHandle FindTable(std::string_view ns, std::string_view table) const;
  bool HasNamespace(std::string_view ns) const;
  // In order of name.
  std::vector<NamespaceInfo> ListNamespaces() const;
  // In order of namespace and name; of one namespace when `ns` is given, empty if it does not exist.
  std::vector<TableDefPtr> ListTables(std::optional<std::string_view> ns = std::nullopt) const;
  // As ListTables; with the shared state, for whoever owns something per table.
  std::vector<TableHandle> ListTableHandles() const;
  // Oldest first; empty when there is no such table.
  std::vector<SchemaVersion> SchemaHistory(std::string_view ns, std::string_view table) const;

  // The hot path of every request: null when the user has no row. Soft-deleted users have one.
  UserPtr FindUser(std::string_view user_id) const;
  // In order of user id, soft-deleted ones included.
  std::vector<UserPtr> ListUsers() const;

  // --- changes. Permission is the caller's affair. All report the errors of the writer, too.

  // Errors: kInvalidArgument (name), kAlreadyExists `Namespace 'app' already exists`.
  Result<DdlOutcome> CreateNamespace(std::string_view name, bool if_not_exists);

  struct DropNamespaceOptions {
    bool if_exists = false;
    bool cascade = false;  // drops its tables in the same change
  };
  // Errors: kNotFound `Namespace 'app' not found`; kInvalidArgument for the reserved and the default
  // namespace; kConflict `Cannot drop namespace 'app': namespace contains N table(s). Drop all tables
  // first.`
  Result<DdlOutcome> DropNamespace(std::string_view name, const DropNamespaceOptions& options);

  struct CreatedTable {
    DdlOutcome outcome = DdlOutcome::kDone;
    TableHandle table;  // the new one, or with kSkipped the one that existed
  };
  // `spec` carries all but id, schema version and times, which are set here; `primary_key` and `layout`
  // are derived from the columns. Check and creation are one step with regard to DropNamespace.
  // Errors: those of CheckNewTable; kNotFound `Namespace 'x' does not exist. Create it first with
  // CREATE NAMESPACE x.` and `Storage 'x' does not exist in system.storages`; kAlreadyExists
  // `Table ns.t already exists`.
  Result<CreatedTable> CreateTable(TableDef spec, bool if_not_exists);

  struct DropTableOptions {
    bool if_exists = false;
    std::optional<TableKind> kind;  // DROP USER TABLE: must be that kind
    // The table that the caller authorized: another of the same name made since counts as missing.
    std::optional<TableId> id;
  };
  struct DroppedTable {
    DdlOutcome outcome = DdlOutcome::kDone;
    TableHandle table;  // what was dropped; empty with kSkipped
  };
  // Raises TableState::dropped before the commit, so that a row commit ordered after it sees the flag
  // (and lowers it if the commit fails). Rows go with the same commit.
  // Errors: kNotFound `relation 'app.t' does not exist`; kInvalidArgument for the wrong kind.
  Result<DroppedTable> DropTable(const TableName& name, const DropTableOptions& options);

 private:
  struct TableEntry {
    TableHandle handle;
    std::shared_ptr<const std::vector<SchemaVersion>> history;
  };
  struct Namespace {
    std::string options_json = "{}";
    TimestampMicros created_at = 0;
    std::map<std::string, TableEntry, std::less<>> tables;
  };
  // A table's name as two views: look-ups need no string, entries borrow from their definition.
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

  Catalog(MetaWriter& writer, const Clock& clock);
  Status Load(kv::Store& store);
  Status LoadEntry(std::string_view key, std::string_view value);
  Status WriteFirstStartRows(const Options& options);
  void InsertTable(TableEntry entry);
  TimestampMicros NowMillisTruncated() const;

  MetaWriter& writer_;
  const Clock& clock_;

  // Held over a whole change, commit included. Only its holder writes what state_mutex_ guards, so
  // the holder may read that without the second lock.
  std::mutex ddl_mutex_;
  TableId next_table_id_{1};  // guarded by ddl_mutex_

  mutable std::shared_mutex state_mutex_;  // guards all below
  std::map<std::string, Namespace, std::less<>> namespaces_;
  std::unordered_map<NameView, TableHandle, NameHash> tables_;
  std::unordered_map<std::string, UserPtr, TextHash, std::equal_to<>> users_;
};

}  // namespace kalam::catalog
