#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/ids.h"

// The change log: every row change, by partition and in seq order, in kv::Family::kLog. One record holds
// changes of one commit to one partition that follow each other, up to about kChangeRecordBytes of them, so
// that a statement of a thousand rows costs the store four records and not a thousand.
//
//   key:    | table id u32 BE | user id | 0x00 | seq u64 BE |      the seq of the record's last change
//   value:  one change after the other, in seq order:
//           | op u8 | key bytes u32 LE | row bytes u32 LE | old row bytes u32 LE | primary key | new row | old row |
//
// The primary key is in its key form (key_codec.h), the rows in row form (row_codec.h) and by value, so
// that a record tells the whole change whatever happened to the row since. The old row is the version
// before: for an insert over a deleted row the tombstone, for other inserts empty. A delete's new row is the
// tombstone. A change's seq is in its new row.
//
// The key's seq is that of the last change so that whoever resumes after seq S finds the record in which S + 1
// lies with one seek to S + 1, wherever S was: in the middle of a record, at its end, or nowhere. ChangeReader
// does so.
namespace kalam::table {

// The numbers are stored.
enum class ChangeOp : std::uint8_t { kInsert = 1, kUpdate = 2, kDelete = 3 };

inline constexpr std::size_t kChangeHeaderBytes = 13;

// A record ends with the change that brings it to this size. Larger ones save no more time (a record of this
// size costs less than one of its rows in the hot store); a reader has one at a time in memory.
inline constexpr std::size_t kChangeRecordBytes = 64 << 10;

// A decoded change; borrows the bytes it was decoded from.
struct ChangeRecord {
  ChangeOp op;
  std::string_view key;      // primary key, key form
  std::string_view row;      // carries the change's seq
  std::string_view old_row;  // empty: none
};

// Appends a change to a record's value. Returns the offset of its new row in `value`.
std::size_t AppendChange(std::string& value, const ChangeRecord& change);
// Takes the next change off the front of a record's value, which is done when it is empty.
// Errors: kCorruption.
Result<ChangeRecord> TakeChange(std::string_view& value);

// The seq at the end of a log key. Errors: kCorruption.
Result<Seq> DecodeLogKeySeq(std::string_view log_key);

}  // namespace kalam::table
