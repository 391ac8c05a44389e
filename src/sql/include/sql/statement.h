#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "model/schema_change.h"
#include "model/table_def.h"
#include "sql/error_style.h"
#include "sql/table_ref.h"
#include "sql/user_statements.h"

// The statements that are KalamDB's own, parsed and checked as far as text alone allows. Everything else
// is the engine's parser's business (NotOurs). Names are kept as written; namespace and table names are
// already checked against the name rules, existence is the caller's to check.
namespace kalam::sql {

struct CreateNamespace {
  std::string name;
  bool if_not_exists = false;
};

// ALTER NAMESPACE name SET OPTIONS (key = 'text', n = 42, flag = true)
struct AlterNamespace {
  using OptionValue = std::variant<std::string, std::int64_t, double, bool>;
  std::string name;
  std::vector<std::pair<std::string, OptionValue>> options;
};

struct DropNamespace {
  std::string name;
  bool if_exists = false;
  bool cascade = false;
};

struct ShowNamespaces {};

// What CREATE and ALTER STORAGE say; absent: not mentioned.
struct StorageFields {
  std::optional<std::string> name = {};
  std::optional<std::string> description = {};
  std::optional<std::string> uri = {};  // PATH, URI, BASE_DIRECTORY, or BUCKET as s3://bucket/
  std::optional<std::string> shared_tables_template = {};
  std::optional<std::string> user_tables_template = {};
  std::optional<std::string> credentials = {};  // as written; to be checked as JSON
  std::optional<std::string> region = {};
};

struct CreateStorage {
  std::string id;
  bool if_not_exists = false;
  std::string type;  // `filesystem` or `s3`
  StorageFields fields;
};

struct AlterStorage {
  std::string id;
  StorageFields fields;
};

struct DropStorage {
  std::string id;
  bool if_exists = false;
};

struct ShowStorages {};

struct Sharding {
  std::string strategy;                // alphabetic, numeric or consistent_hash; empty: the server's default
  std::optional<std::int64_t> shards;  // of consistent_hash
};

// CREATE TABLE, fully validated (specification 5.2, 6.1, 6.2): types known, exactly one primary key of an
// allowed type, defaults converted to their column's type, options legal for the kind and within bounds.
// Left to the caller: does the namespace exist, does the storage exist, is the name taken.
struct TableSpec {
  TableRef name;
  TableKind kind = TableKind::kShared;
  bool if_not_exists = false;
  std::vector<ColumnDef> columns;
  std::size_t primary_key = 0;                    // index into `columns`
  std::optional<std::string> storage_id;          // absent: `local`
  bool use_user_storage = false;                  // USER
  std::optional<FlushPolicy> flush;               // absent: the defaults of [flush]; never for STREAM
  std::optional<Sharding> sharding;
  struct DeletedRetention {
    std::optional<std::int64_t> hours;  // absent: OFF
  };
  std::optional<DeletedRetention> deleted_retention;  // absent: the default; never for STREAM
  std::optional<std::int64_t> ttl_seconds;        // STREAM: always set
  std::optional<std::int64_t> max_buffer;         // STREAM: rows kept at most
  bool ephemeral = false;                         // STREAM: drop events when nobody listens
  std::optional<AccessLevel> access;              // SHARED; absent: public
};

struct CreateTable {
  TableSpec spec;
};

// ALTER TABLE with one change of its columns. Of ADD, the DEFAULT's value for existing rows is still to be
// computed.
struct AlterTable {
  std::optional<TableKind> kind;  // as written; absent: whatever the table is
  TableRef name;
  ColumnChange change;
};

struct DropTable {
  std::optional<TableKind> kind;  // as written; absent: whatever the table is
  bool if_exists = false;
  TableRef name;
};

struct ShowTables {
  std::optional<std::string> ns;
};

struct DescribeTable {
  TableRef name;
  bool history = false;
};

struct ClearCache {};

// BEGIN [TRANSACTION | WORK], START TRANSACTION; COMMIT and ROLLBACK [TRANSACTION | WORK].
struct Begin {};
struct Commit {};
struct Rollback {};

struct ShowTableStats {
  TableRef name;
};

// SUBSCRIBE TO ns.table [WHERE ...] [LAST n] [OPTIONS (last_rows=n)]. Namespace and table are not checked against
// the name rules: they only are looked up.
struct SubscribeTo {
  TableRef name;
  std::string where;  // the condition's text; empty: none
  std::optional<std::int64_t> last_rows;
};

// KILL LIVE QUERY 'live_id'
struct KillLiveQuery {
  std::string live_id;
};

// FLUSH TABLE ns.table; STORAGE FLUSH TABLE ns.table
struct FlushTable {
  TableRef name;  // with its namespace
};

// FLUSH ALL TABLES [IN ns]; STORAGE FLUSH ALL [IN ns]
struct FlushAllTables {
  std::optional<std::string> ns;
};

// KILL JOB 'job_id'
struct KillJob {
  std::string job_id;
};

// BACKUP {DATABASE | NAMESPACE} [IF EXISTS] ns TO 'path'
struct BackupNamespace {
  std::string ns;
  std::string path;
  bool if_exists = false;
};

// RESTORE {DATABASE | NAMESPACE} [IF NOT EXISTS] ns FROM 'path'
struct RestoreNamespace {
  std::string ns;
  std::string path;
  bool if_not_exists = false;
};

// SHOW {BACKUP | BACKUPS} FOR {DATABASE | NAMESPACE} ns; SHOW BACKUP 'path'
struct ShowBackups {
  std::optional<std::string> ns;
  std::optional<std::string> path;  // one of the two
};

// Not one of ours: for the engine's parser.
struct NotOurs {};

using KalamStatement = std::variant<
    NotOurs,
    AlterNamespace,
    AlterStorage,
    AlterTable,
    AlterUser,
    BackupNamespace,
    Begin,
    ClearCache,
    Commit,
    CreateApiKey,
    CreateNamespace,
    CreateStorage,
    CreateTable,
    CreateUser,
    DescribeTable,
    DropApiKey,
    DropNamespace,
    DropStorage,
    DropTable,
    DropUser,
    FlushAllTables,
    FlushTable,
    GrantAccess,
    KillJob,
    KillLiveQuery,
    RestoreNamespace,
    RevokeAccess,
    Rollback,
    ShowApiKeys,
    ShowBackups,
    ShowNamespaces,
    ShowStorages,
    ShowTableStats,
    ShowTables,
    SubscribeTo>;

// Parses one statement (a piece of SplitStatements). Call CheckStatementBounds first.
// Errors: kSyntax in the given style; kInvalidArgument, kUnsupported or kConstraint with the documented
// texts of section 5.2, which have one style.
Result<KalamStatement> ParseStatement(std::string_view statement, ErrorStyle style);

// The kind of a statement by its first word alone: a few nanoseconds.
enum class StatementClass : std::uint8_t {
  kSelect,   // SELECT
  kInsert,
  kUpdate,
  kDelete,
  kKalam,    // starts like one of ours: ask ParseStatement
  kGeneral,  // anything else: WITH, VALUES, FROM, (...), and what the engine will refuse
  kEmpty,    // blanks and comments only
};
StatementClass Classify(std::string_view statement);

}  // namespace kalam::sql
