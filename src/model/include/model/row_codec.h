#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "model/datum.h"
#include "model/ids.h"
#include "model/row_layout.h"

// A row as bytes, the value in the hot store and in the change log:
//
//   0        8      9              11            19
//   +--------+------+--------------+-------------+-------------+-------------+----------+
//   | seq    | flags| schema       | updated     | null bitmap | fixed slots | variable |
//   | u64 LE | u8   | version u16  | i64 micros  | 1 bit/column| in order    | part     |
//   +--------+------+--------------+-------------+-------------+-------------+----------+
//
// A variable-width column's slot holds the end of its bytes in the variable part, so that each column
// is read without looking at the others. Slots of NULL columns are zero (variable: the end of the one
// before). flags bit 0: deleted (a tombstone keeps its columns).
namespace kalam {

inline constexpr std::size_t kRowHeaderBytes = 19;

// Appends one encoded row to `out`. `columns` must have one Datum per column of the layout, each converted
// with ConvertDatum. The seq is written as 0: the sequencer knows it later (SetRowSeq).
void EncodeRow(const RowLayout& layout, int schema_version, TimestampMicros updated, bool deleted,
               std::span<const Datum> columns, std::string& out);

// Fills in the seq of the row that starts at `row`.
void SetRowSeq(char* row, Seq seq);

// Reads an encoded row in place. Borrows both arguments.
class RowView {
 public:
  // The caller checked `bytes` with Check, or wrote them itself.
  RowView(const RowLayout& layout, std::string_view bytes) : layout_(&layout), bytes_(bytes) {}

  // Cheap structural validation of stored bytes. Errors: kCorruption.
  static Status Check(const RowLayout& layout, std::string_view bytes);

  Seq seq() const;
  bool deleted() const { return (bytes_[8] & 1) != 0; }
  int schema_version() const;
  TimestampMicros updated() const;
  bool is_null(std::size_t column) const {
    return (bytes_[kRowHeaderBytes + column / 8] >> (column % 8)) & 1;
  }
  Datum column(std::size_t column) const;
  std::string_view bytes() const { return bytes_; }

 private:
  const RowLayout* layout_;
  std::string_view bytes_;
};

// The schema version of an encoded row, which has at least its header.
inline int RowSchemaVersion(std::string_view bytes) {
  return static_cast<unsigned char>(bytes[9]) | static_cast<unsigned char>(bytes[10]) << 8;
}

// The seq of an encoded row, without its layout.
Seq RowSeq(std::string_view bytes);
bool RowDeleted(std::string_view bytes);

}  // namespace kalam
