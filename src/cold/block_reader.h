#pragma once

#include "cold/cold_rows.h"
#include "cold/row_block.h"

#include <cstdint>
#include <string_view>

namespace kalam::cold {

enum class Wanted : std::uint8_t { kOneRow, kItsNeighboursToo };

// What a segment has around a key, from memory, else from the file if `tier` allows it and making a block may pay:
// then it is kept for the next reader. Null: look into the file for the key alone; with kCacheOnly: it can't be said.
// A block that does not cover the key means that the segment does not have it. Errors: as ColdCursor::Next.
Result<RowBlockPtr> BlockAround(const ColdRows& cold, const Manifest::Entry& entry, const TableDef& table,
                                std::string_view key, kv::ReadTier tier, Wanted wanted);

}  // namespace kalam::cold
