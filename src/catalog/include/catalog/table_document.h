#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/table_def.h"

namespace kalam::catalog {

// One entry of a table's schema_history.
struct SchemaVersion {
  int version = 1;
  TimestampMicros created_at = 0;
  std::string changes;            // "Initial schema", "Added column 'topic' (TEXT)"
  std::string arrow_schema_json;  // the columns of that version
  std::vector<PastColumn> columns = {};  // the same as rows of that version hold them

  bool operator==(const SchemaVersion&) const = default;
};

// All that is stored about one table: one value, written by one put (specification 6.3).
struct TableDocument {
  TableDef def;
  std::vector<SchemaVersion> history;  // oldest first; the last one is the current version
};

// The entry of `def`'s own version.
SchemaVersion HistoryEntry(const TableDef& def, TimestampMicros created_at, std::string changes);

// Times in whole milliseconds, as the specification has them.
std::string EncodeTableDocument(const TableDocument& document);

// Errors: kCorruption, starting with `key`: where the bytes were found.
Result<TableDocument> DecodeTableDocument(std::string_view key, std::string_view json);

// The columns of `def` as Arrow's JSON form of a schema.
std::string ArrowSchemaJson(const TableDef& def);

}  // namespace kalam::catalog
