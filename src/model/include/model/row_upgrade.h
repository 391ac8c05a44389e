#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/row_codec.h"
#include "model/table_def.h"

// Rows stay as they were written when a table is altered. Whoever reads bytes that may be of an older
// version (the hot store, the change log, Parquet) turns them into a row of the definition in hand first.
namespace kalam {

// What CurrentRow does for a row of another version. The value of a column whose type was changed is
// converted step by step through the types it had; ALTER TABLE made sure that every live value can be, and
// where a deleted or overwritten one can't, it reads as NULL.
// Errors: kConflict when the row is newer than `table`: look the definition up again; kCorruption.
Result<std::string_view> UpgradeRow(const TableDef& table, std::string_view bytes, std::string& scratch);

// `bytes`, a row of any version, as a row of `table.schema_version`: itself when it is one, which costs one
// comparison, else written anew into `scratch`. seq, time and flags stay. Not checked when it is itself.
inline Result<std::string_view> CurrentRow(const TableDef& table, std::string_view bytes, std::string& scratch) {
  if (bytes.size() >= kRowHeaderBytes && RowSchemaVersion(bytes) == table.schema_version) [[likely]] return bytes;
  return UpgradeRow(table, bytes, scratch);
}

// A stored value of type `from` as ALTER TABLE ... MODIFY turns it into `to`: exact, or refused. Times become
// text as answers show them. NULL stays NULL. The result may borrow from `in` or `scratch`.
// Errors: kConstraint.
Result<Datum> ConvertStored(const Datum& in, DataType from, DataType to, std::string& scratch);

}  // namespace kalam
