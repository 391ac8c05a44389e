#pragma once

#include "base/error.h"
#include "model/table_def.h"

// The refusals that stored and in-memory tables share, in the words that users see.
namespace kalam::table {

inline Error DuplicateKey(const TableDef& table) {
  return Error(ErrorCode::kConstraint, "duplicate key value violates primary key \"" +
                                           table.primary_key_column().name + "\"");
}

inline Error ChangedMeanwhile() {
  return Error(ErrorCode::kConflict, "a row was changed by a concurrent statement");
}

inline Error TableDropped(const TableDef& table) {
  return Error(ErrorCode::kNotFound, "relation '" + table.name.ToString() + "' does not exist");
}

}  // namespace kalam::table
