#include "model/row_codec.h"

#include <bit>

#include "base/bytes.h"

namespace kalam {
namespace {

void StoreSlot(char* slot, DataType type, const Datum& value) {
  switch (type) {
    case DataType::kBoolean: *slot = value.bool_value() ? 1 : 0; return;
    case DataType::kSmallInt:
      StoreLittleEndian(slot, static_cast<std::int16_t>(value.int_value()));
      return;
    case DataType::kInt:
    case DataType::kDate:
      StoreLittleEndian(slot, static_cast<std::int32_t>(value.int_value()));
      return;
    case DataType::kBigInt:
    case DataType::kTimestamp:
    case DataType::kTime: StoreLittleEndian(slot, value.int_value()); return;
    case DataType::kFloat:
      StoreLittleEndian(slot, static_cast<float>(value.double_value()));
      return;
    case DataType::kDouble: StoreLittleEndian(slot, value.double_value()); return;
    case DataType::kText:
    case DataType::kJson:
    case DataType::kBinary: return;  // the caller appends the bytes and stores their end
  }
}

}  // namespace

void EncodeRow(const RowLayout& layout, int schema_version, TimestampMicros updated, bool deleted,
               std::span<const Datum> columns, std::string& out) {
  KALAM_CHECK(columns.size() == layout.column_count(), "one datum per column");
  const std::size_t start = out.size();
  out.append(layout.variable_offset(), '\0');
  out[start + 8] = deleted ? 1 : 0;
  StoreLittleEndian(&out[start + 9], static_cast<std::uint16_t>(schema_version));
  StoreLittleEndian(&out[start + 11], updated);

  std::uint32_t variable_end = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const DataType type = layout.type(i);
    if (columns[i].is_null()) {
      out[start + kRowHeaderBytes + i / 8] |= static_cast<char>(1 << (i % 8));
    } else if (IsVariableWidth(type)) {
      out += columns[i].text();
      variable_end += static_cast<std::uint32_t>(columns[i].text().size());
    } else {
      StoreSlot(&out[start + layout.slot(i)], type, columns[i]);
    }
    if (IsVariableWidth(type)) StoreLittleEndian(&out[start + layout.slot(i)], variable_end);
  }
}

void SetRowSeq(char* row, Seq seq) { StoreLittleEndian(row, seq.value()); }

Status RowView::Check(const RowLayout& layout, std::string_view bytes) {
  const auto corrupt = [](const char* why) { return Error(ErrorCode::kCorruption, why); };
  if (bytes.size() < layout.variable_offset()) return corrupt("row is shorter than its schema");
  std::uint32_t last_end = 0;
  for (std::size_t i = 0; i < layout.column_count(); ++i) {
    if (!IsVariableWidth(layout.type(i))) continue;
    const auto end = LoadLittleEndian<std::uint32_t>(bytes.data() + layout.slot(i));
    if (end < last_end) return corrupt("row has a column that ends before it begins");
    last_end = end;
  }
  if (bytes.size() != layout.variable_offset() + std::size_t{last_end}) {
    return corrupt("row length does not match its columns");
  }
  return {};
}

Seq RowView::seq() const { return RowSeq(bytes_); }

int RowView::schema_version() const { return RowSchemaVersion(bytes_); }

TimestampMicros RowView::updated() const {
  return LoadLittleEndian<std::int64_t>(bytes_.data() + 11);
}

Datum RowView::column(std::size_t column) const {
  if (is_null(column)) return Datum::Null();
  const char* slot = bytes_.data() + layout_->slot(column);
  switch (layout_->type(column)) {
    case DataType::kBoolean: return Datum::Bool(*slot != 0);
    case DataType::kSmallInt: return Datum::Int(LoadLittleEndian<std::int16_t>(slot));
    case DataType::kInt:
    case DataType::kDate: return Datum::Int(LoadLittleEndian<std::int32_t>(slot));
    case DataType::kBigInt:
    case DataType::kTimestamp:
    case DataType::kTime: return Datum::Int(LoadLittleEndian<std::int64_t>(slot));
    case DataType::kFloat: return Datum::Double(LoadLittleEndian<float>(slot));
    case DataType::kDouble: return Datum::Double(LoadLittleEndian<double>(slot));
    case DataType::kText:
    case DataType::kJson:
    case DataType::kBinary: break;
  }
  const std::int32_t previous = layout_->previous_variable(column);
  const std::uint32_t begin =
      previous < 0 ? 0
                   : LoadLittleEndian<std::uint32_t>(
                         bytes_.data() + layout_->slot(static_cast<std::size_t>(previous)));
  const auto end = LoadLittleEndian<std::uint32_t>(slot);
  const std::string_view text = bytes_.substr(layout_->variable_offset() + begin, end - begin);
  return layout_->type(column) == DataType::kBinary ? Datum::Binary(text) : Datum::Text(text);
}

Seq RowSeq(std::string_view bytes) { return Seq(LoadLittleEndian<std::uint64_t>(bytes.data())); }

bool RowDeleted(std::string_view bytes) { return (bytes[8] & 1) != 0; }

}  // namespace kalam
