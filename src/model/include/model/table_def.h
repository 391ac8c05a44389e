#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/data_type.h"
#include "model/datum.h"
#include "model/ids.h"
#include "model/row_layout.h"

namespace kalam {

enum class TableKind : std::uint8_t { kUser, kShared, kStream };
// `USER`, `SHARED`, `STREAM`.
std::string_view ToString(TableKind kind);
// `user`, `shared`, `stream`: the form of SHOW TABLES and system.tables.
std::string_view ToLowerName(TableKind kind);

enum class AccessLevel : std::uint8_t { kPublic, kPrivate, kRestricted };
std::string_view ToString(AccessLevel level);  // `public`, `private`, `restricted`

// What an omitted column gets: a literal, or one of the functions of specification 6.1.
enum class DefaultFunction : std::uint8_t { kNow, kSnowflakeId, kUuidV7, kUlid, kCurrentUser };
std::string_view ToString(DefaultFunction function);  // `NOW()`, `SNOWFLAKE_ID()`, ...

struct DefaultExpr {
  std::optional<DefaultFunction> function;
  Value literal;     // converted to the column's type; used when `function` is absent
  std::string text;  // as DESCRIBE shows it: `NOW()`, `'draft'`, `0`
};

struct ColumnDef {
  std::string name;
  DataType type = DataType::kText;
  bool nullable = true;
  bool primary_key = false;
  std::optional<DefaultExpr> default_expr = {};
  // Names the column for the life of the table, whatever it is called; a later column of the same name is
  // another one. 0: Finish gives it the table's next.
  std::uint32_t id = 0;
  // What rows written before ALTER TABLE added the column show: its DEFAULT at that time, or NULL.
  Value initial = {};
};

// A column as rows of a past schema version hold it.
struct PastColumn {
  std::uint32_t id = 0;
  DataType type = DataType::kText;

  friend bool operator==(const PastColumn&, const PastColumn&) = default;
};

// How rows of one past schema version read under the current one (see row_upgrade.h).
struct RowUpgrade {
  // Where a current column comes from.
  struct Source {
    std::optional<std::size_t> column;  // of the past version; nullopt: it was not there, `initial` is shown
    std::vector<DataType> types;        // the types it had since, each different from the one before; often none
  };
  RowLayout layout;
  std::vector<Source> sources;  // one per current column
};

struct FlushPolicy {
  std::optional<std::int64_t> row_threshold;
  std::optional<std::int64_t> interval_seconds;
};

// Everything that defines one table. Immutable once in the catalog: readers share it through
// shared_ptr<const TableDef>, a change of schema makes a new one.
struct TableDef {
  TableId id;
  TableName name;
  TableKind kind = TableKind::kUser;
  std::string owner;  // user id of whoever created it
  std::vector<ColumnDef> columns;  // declared columns in creation order
  std::size_t primary_key = 0;     // index into `columns`
  int schema_version = 1;
  TimestampMicros created_at = 0;
  TimestampMicros updated_at = 0;
  AccessLevel access = AccessLevel::kPublic;  // SHARED only
  std::string storage_id = "local";
  bool use_user_storage = false;
  FlushPolicy flush;
  std::string sharding;                                      // empty: none
  std::optional<std::int64_t> deleted_retention_hours;       // absent: kept for ever
  std::optional<std::int64_t> ttl_seconds;                   // STREAM
  std::optional<std::int64_t> max_buffer;                    // STREAM: rows kept at most

  std::uint32_t next_column_id = 1;
  // The columns of the versions before `schema_version`, version v at v - 1: rows keep the version they were
  // written with. Shared by all definitions since.
  std::vector<std::shared_ptr<const std::vector<PastColumn>>> past;

  // Derived from the above by Finish(): how a row of this version is laid out, and of each one before.
  RowLayout layout;
  std::vector<RowUpgrade> upgrades;

  // Call after the columns, and the past, are set. Gives ids to columns without one.
  void Finish();

  const ColumnDef& primary_key_column() const { return columns[primary_key]; }
  // Case-sensitive first, then case-insensitive: SQL names fold. nullopt when there is none.
  std::optional<std::size_t> FindColumn(std::string_view column) const;
  // USER and SHARED tables carry `_updated` and `_deleted` after the declared columns.
  bool has_system_columns() const { return kind != TableKind::kStream; }
};

using TableDefPtr = std::shared_ptr<const TableDef>;

inline constexpr std::string_view kUpdatedColumn = "_updated";
inline constexpr std::string_view kDeletedColumn = "_deleted";
inline constexpr std::string_view kSeqColumn = "_seq";
bool IsSystemColumn(std::string_view name);

}  // namespace kalam
