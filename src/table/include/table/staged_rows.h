#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "model/ids.h"

namespace kalam::table {

// A row that a transaction wrote and has not committed.
struct StagedRow {
  std::string row;        // encoded; a tombstone if the transaction deleted it
  Seq base;               // the version that the snapshot has, also a tombstone; Seq(0): none
  bool base_live = false;  // that version is a row, not a tombstone
  std::uint64_t order = 0;  // of the statement's change, over all tables of the transaction
};

// Those of one partition, by primary key in key form: they hide what the snapshot has under their keys.
using StagedRows = std::map<std::string, StagedRow, std::less<>>;

}  // namespace kalam::table
