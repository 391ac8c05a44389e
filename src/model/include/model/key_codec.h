#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/datum.h"
#include "model/ids.h"

// Keys of the ordered store. Bytes compare as the values they stand for:
//
//   hot:  | table id u32 BE | user id | 0x00 | primary key |
//   log:  | table id u32 BE | user id | 0x00 | seq u64 BE  |
//
// A user id holds no 0x00 by its grammar, so the terminator ends it unambiguously and no partition's
// prefix is a prefix of another's. Primary key: BIGINT as 8 bytes big-endian with the sign bit flipped;
// TEXT as its bytes (it is the last part, so it needs no terminator).
namespace kalam {

// `| table id | user id | 0x00 |`: all rows of one partition start with it.
std::string PartitionPrefix(TableId table, const UserId& user);
void AppendPartitionPrefix(std::string& out, TableId table, std::string_view user);
// `| table id |`: all rows of one table.
std::string TablePrefix(TableId table);

// `pk` must be kInt or kText.
void AppendPrimaryKey(std::string& out, const Datum& pk);

// The primary key at the end of a hot key. `type` is the key column's type.
Datum DecodePrimaryKey(std::string_view key_bytes, DataType type);

}  // namespace kalam
