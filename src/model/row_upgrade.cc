#include "model/row_upgrade.h"

#include <deque>
#include <vector>

#include "model/time_text.h"

namespace kalam {
namespace {

constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

bool IsInteger(DataType type) {
  return type == DataType::kSmallInt || type == DataType::kInt || type == DataType::kBigInt;
}
bool IsFloating(DataType type) { return type == DataType::kFloat || type == DataType::kDouble; }
bool IsTime(DataType type) {
  return type == DataType::kTimestamp || type == DataType::kDate || type == DataType::kTime;
}

Error CannotConvert(DataType from, DataType to) {
  return Error(ErrorCode::kConstraint, "a value of type " + std::string(ToString(from)) +
                                           " cannot be converted to " + std::string(ToString(to)));
}

Result<Datum> ConvertTime(const Datum& in, DataType from, DataType to, std::string& scratch) {
  if (to == DataType::kText) {
    scratch.clear();
    if (from == DataType::kTimestamp) AppendTimestamp(scratch, in.int_value());
    if (from == DataType::kDate) AppendDate(scratch, in.int_value());
    if (from == DataType::kTime) AppendTime(scratch, in.int_value());
    return Datum::Text(scratch);
  }
  if (from == DataType::kDate && to == DataType::kTimestamp) return Datum::Int(in.int_value() * kMicrosPerDay);
  // A time of day would be lost.
  if (from == DataType::kTimestamp && to == DataType::kDate && in.int_value() % kMicrosPerDay == 0) {
    return Datum::Int(in.int_value() / kMicrosPerDay);
  }
  return CannotConvert(from, to);
}

Result<Datum> ConvertNumber(const Datum& in, DataType from, DataType to, std::string& scratch) {
  if (IsTime(to) || to == DataType::kJson || to == DataType::kBinary) return CannotConvert(from, to);
  if (IsInteger(from) && IsFloating(to)) {
    const double value = to == DataType::kFloat ? static_cast<double>(static_cast<float>(in.int_value()))
                                                : static_cast<double>(in.int_value());
    // 2^63 as a double is beyond the integers: compared first.
    const bool exact = value < 0x1p63 && static_cast<std::int64_t>(value) == in.int_value();
    if (!exact) return CannotConvert(from, to);
    return Datum::Double(value);
  }
  return ConvertDatum(in, to, scratch);
}

// The value of one current column in a past row. `texts` keeps what the result borrows.
Datum ValueOf(const RowUpgrade::Source& source, const ColumnDef& column, const RowLayout& layout, const RowView& row,
              std::deque<std::string>& texts) {
  if (!source.column) return column.initial.view();
  Datum value = row.column(*source.column);
  DataType type = layout.type(*source.column);
  for (const DataType next : source.types) {
    const auto converted = ConvertStored(value, type, next, texts.emplace_back());
    if (!converted.ok()) return Datum::Null();
    value = *converted;
    type = next;
  }
  return value;
}

}  // namespace

Result<Datum> ConvertStored(const Datum& in, DataType from, DataType to, std::string& scratch) {
  if (in.is_null() || from == to) return in;
  switch (from) {
    case DataType::kText:
    case DataType::kJson: return ConvertDatum(in, to, scratch);
    case DataType::kBoolean:
      if (IsInteger(to)) return Datum::Int(in.bool_value() ? 1 : 0);
      if (to == DataType::kText) return ConvertDatum(in, to, scratch);
      return CannotConvert(from, to);
    case DataType::kBinary: return CannotConvert(from, to);
    case DataType::kTimestamp:
    case DataType::kDate:
    case DataType::kTime: return ConvertTime(in, from, to, scratch);
    case DataType::kSmallInt:
    case DataType::kInt:
    case DataType::kBigInt:
    case DataType::kFloat:
    case DataType::kDouble: return ConvertNumber(in, from, to, scratch);
  }
  return CannotConvert(from, to);
}

Result<std::string_view> UpgradeRow(const TableDef& table, std::string_view bytes, std::string& scratch) {
  if (bytes.size() < kRowHeaderBytes) return Error(ErrorCode::kCorruption, "stored row is too short");
  const int version = RowSchemaVersion(bytes);
  if (version == table.schema_version) return bytes;
  if (version > table.schema_version) {
    return Error(ErrorCode::kConflict, "ERROR: table " + table.name.ToString() + " was altered meanwhile");
  }
  if (version < 1 || static_cast<std::size_t>(version) > table.upgrades.size()) {
    return Error(ErrorCode::kCorruption, "stored row of an unknown schema version");
  }
  const RowUpgrade& upgrade = table.upgrades[static_cast<std::size_t>(version) - 1];
  KALAM_TRY(RowView::Check(upgrade.layout, bytes));
  const RowView row(upgrade.layout, bytes);
  std::deque<std::string> texts;
  std::vector<Datum> columns;
  columns.reserve(table.columns.size());
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    columns.push_back(ValueOf(upgrade.sources[i], table.columns[i], upgrade.layout, row, texts));
  }
  scratch.clear();
  EncodeRow(table.layout, table.schema_version, row.updated(), row.deleted(), columns, scratch);
  SetRowSeq(scratch.data(), row.seq());
  return std::string_view(scratch);
}

}  // namespace kalam
