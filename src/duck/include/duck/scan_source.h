#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/data_type.h"
#include "model/datum.h"

// What the engine reads from: implemented above this module (hot rows, streams, system tables), plugged in
// per query. The engine itself owns no table.
namespace kalam::duck {

struct ScanColumn {
  std::string name;
  DataType type = DataType::kText;
};

// What a query's WHERE says of a column: no other value matches, nor does NULL.
struct ColumnRange {
  std::size_t column = 0;      // numbered as columns()
  std::optional<Value> lower;  // inclusive, as the column stores it: numbers and times, or text
  std::optional<Value> upper;
};

// Which keys a query can match, derived from its WHERE. A hint that narrows: rows outside may be left out,
// rows inside that fail the whole WHERE are dropped by the engine.
struct KeyRange {
  std::optional<Value> lower;  // inclusive
  std::optional<Value> upper;  // inclusive
  std::optional<std::vector<Value>> points;  // WHERE id IN (...): only these
  std::vector<ColumnRange> columns = {};     // of other columns; all of them hold
  bool whole_groups = false;  // of a segment: all rows of the row groups that reach into lower..upper
};

// A column as Parquet segments hold it.
struct SegmentColumn {
  std::int32_t field_id = 0;
  DataType type = DataType::kText;
  std::optional<Value> default_value = {};  // for rows of files that lack the column; absent: NULL
};

// Walks the rows of one scan. Used by one thread.
class ScanCursor {
 public:
  virtual ~ScanCursor() = default;
  // Steps to the next row (first call: the first row); false at the end.
  virtual Result<bool> Next() = 0;
  // A column of the current row, numbered as in ScanSource::columns(), then hidden_columns(). Valid until Next.
  virtual Datum Column(std::size_t column) const = 0;
};

struct ColdPart;

// A scan in two parts: rows one by one, and files.
struct SplitScan {
  std::unique_ptr<ScanCursor> rows;
  std::shared_ptr<const ColdPart> cold;
};

// Names one state of one table's columns: what a kept plan was made for. Never given to another one.
struct SchemaStamp {
  std::uint64_t table = 0;
  std::uint64_t version = 0;
  friend bool operator==(const SchemaStamp&, const SchemaStamp&) = default;
};

// One table reference of a query, resolved and authorized for the acting user. Immutable; scans may
// run on several threads.
class ScanSource {
 public:
  virtual ~ScanSource() = default;
  // What `*` expands to, in order.
  virtual const std::vector<ScanColumn>& columns() const = 0;
  // Selectable by name, never part of `*`: `_seq`.
  virtual const std::vector<ScanColumn>& hidden_columns() const = 0;
  // The column that KeyRange speaks of, if scans can use it.
  virtual std::optional<std::size_t> key_column() const = 0;
  virtual std::optional<std::uint64_t> estimated_rows() const = 0;
  // Sources of the same stamp have the same columns, hidden columns and key column. nullopt: plans over this source
  // are made for one run.
  virtual std::optional<SchemaStamp> stamp() const { return std::nullopt; }
  virtual Result<std::unique_ptr<ScanCursor>> Open(const KeyRange& keys) const = 0;
  // The same rows in two parts, if that is the quicker way. nullopt: Open it.
  virtual Result<std::optional<SplitScan>> OpenSplit(const KeyRange&) const { return std::optional<SplitScan>(); }
};

// A table as it is written in the query: `notes`, `app.notes`, `app.user.notes`.
struct TableReference {
  std::vector<std::string> parts;
  // The WHERE of its SELECT tests `_deleted`: soft-deleted rows belong to the input.
  bool include_deleted = false;
};

// Turns names into sources. The only way from a query to data.
class Resolver {
 public:
  virtual ~Resolver() = default;
  // Errors: relation unknown, permission denied; passed to the client as they are.
  virtual Result<std::shared_ptr<const ScanSource>> Resolve(const TableReference& reference) = 0;
};

}  // namespace kalam::duck
