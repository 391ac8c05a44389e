#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "model/ids.h"

// The change log: one record per row change, in kv::Family::kLog, in seq order within a partition.
//
//   key:    | table id u32 BE | user id | 0x00 | seq u64 BE |
//   value:  | op u8 | key bytes u32 LE | row bytes u32 LE | primary key | new row | old row |
//
// The primary key is in its key form (key_codec.h), the rows in row form (row_codec.h) and by value, so
// that a record tells the whole change whatever happened to the row since. The old row takes the rest of
// the value and is absent for an insert. A delete's new row is the tombstone.
namespace kalam::table {

// The numbers are stored.
enum class ChangeOp : std::uint8_t { kInsert = 1, kUpdate = 2, kDelete = 3 };

inline constexpr std::size_t kChangeHeaderBytes = 9;

// A decoded record; borrows the bytes it was decoded from.
struct ChangeRecord {
  ChangeOp op;
  std::string_view key;      // primary key, key form
  std::string_view row;      // carries the change's seq
  std::string_view old_row;  // empty: none
};

// Fills the fixed part of a record's value.
void EncodeChangeHeader(ChangeOp op, std::size_t key_bytes, std::size_t row_bytes,
                        char (&out)[kChangeHeaderBytes]);
// Errors: kCorruption.
Result<ChangeRecord> DecodeChange(std::string_view value);

// The seq at the end of a log key. Errors: kCorruption.
Result<Seq> DecodeLogKeySeq(std::string_view log_key);

}  // namespace kalam::table
