#include "result_reader.h"

#include <cmath>

#include "base/json_writer.h"
#include "base/memory_budget.h"
#include "model/time_text.h"

namespace kalam::duck {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::UnifiedVectorFormat;

DataType ShownAs(const LogicalType& type) {
  if (type.IsJSONType()) return DataType::kJson;
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN: return DataType::kBoolean;
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::UTINYINT:
    case LogicalTypeId::SMALLINT: return DataType::kSmallInt;
    case LogicalTypeId::USMALLINT:
    case LogicalTypeId::INTEGER: return DataType::kInt;
    case LogicalTypeId::UINTEGER:
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::UBIGINT:
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::UHUGEINT: return DataType::kBigInt;
    case LogicalTypeId::FLOAT: return DataType::kFloat;
    case LogicalTypeId::DOUBLE:
    case LogicalTypeId::DECIMAL: return DataType::kDouble;
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_TZ:
    case LogicalTypeId::TIMESTAMP_SEC:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_NS: return DataType::kTimestamp;
    case LogicalTypeId::DATE: return DataType::kDate;
    case LogicalTypeId::TIME: return DataType::kTime;
    case LogicalTypeId::BLOB: return DataType::kBinary;
    default: return DataType::kText;
  }
}

bool IsNested(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::LIST:
    case LogicalTypeId::ARRAY:
    case LogicalTypeId::STRUCT:
    case LogicalTypeId::MAP:
    case LogicalTypeId::UNION: return true;
    default: return false;
  }
}

// Of an exact number, as JSON has it: the engine writes DECIMAL(2,2) 0.25 as `.25`.
std::string Digits(const duckdb::Value& value) {
  std::string digits = value.ToString();
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  if (digits.size() > first && digits[first] == '.') digits.insert(first, 1, '0');
  return digits;
}

void AppendJson(JsonWriter& json, const duckdb::Value& value);

void AppendMap(JsonWriter& json, const duckdb::Value& value) {
  json.BeginObject();
  for (const auto& entry : duckdb::MapValue::GetChildren(value)) {
    const auto& pair = duckdb::StructValue::GetChildren(entry);
    json.Key(pair[0].ToString());
    AppendJson(json, pair[1]);
  }
  json.EndObject();
}

void AppendStruct(JsonWriter& json, const duckdb::Value& value) {
  const auto& children = duckdb::StructValue::GetChildren(value);
  if (duckdb::StructType::IsUnnamed(value.type())) {  // ROW(1, 2)
    json.BeginArray();
    for (const auto& child : children) AppendJson(json, child);
    json.EndArray();
    return;
  }
  json.BeginObject();
  for (std::size_t i = 0; i < children.size(); ++i) {
    json.Key(duckdb::StructType::GetChildName(value.type(), i));
    AppendJson(json, children[i]);
  }
  json.EndObject();
}

void AppendJson(JsonWriter& json, const duckdb::Value& value) {
  if (value.IsNull()) {
    json.Null();
    return;
  }
  const LogicalType& type = value.type();
  switch (type.id()) {
    case LogicalTypeId::LIST:
    case LogicalTypeId::ARRAY: {
      const auto& children = type.id() == LogicalTypeId::LIST ? duckdb::ListValue::GetChildren(value)
                                                              : duckdb::ArrayValue::GetChildren(value);
      json.BeginArray();
      for (const auto& child : children) AppendJson(json, child);
      json.EndArray();
      return;
    }
    case LogicalTypeId::STRUCT: AppendStruct(json, value); return;
    case LogicalTypeId::MAP: AppendMap(json, value); return;
    case LogicalTypeId::BOOLEAN: json.Bool(value.GetValue<bool>()); return;
    case LogicalTypeId::FLOAT:
    case LogicalTypeId::DOUBLE: json.Double(value.GetValue<double>()); return;
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::UTINYINT:
    case LogicalTypeId::USMALLINT:
    case LogicalTypeId::UINTEGER:
    case LogicalTypeId::UBIGINT:
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::UHUGEINT:
    case LogicalTypeId::DECIMAL: json.Raw(Digits(value)); return;
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_TZ: json.String(FormatTimestamp(value.GetValueUnsafe<std::int64_t>())); return;
    default: json.String(value.ToString()); return;
  }
}

Cell DatumCell(Datum datum) { return Cell{Cell::Form::kDatum, datum, {}}; }

template <typename T>
const T& At(const UnifiedVectorFormat& format, duckdb::idx_t index) {
  return UnifiedVectorFormat::GetData<T>(format)[index];
}

}  // namespace

std::vector<OutputColumn> DescribeOutput(const duckdb::vector<std::string>& names,
                                         const duckdb::vector<LogicalType>& types) {
  std::vector<OutputColumn> columns;
  for (std::size_t i = 0; i < names.size(); ++i) columns.push_back({names[i], ShownAs(types[i])});
  return columns;
}

Status ResultReader::Read(duckdb::DataChunk& chunk, RowSink& sink) {
  formats_.resize(chunk.ColumnCount());
  scratch_.resize(chunk.ColumnCount());
  for (std::size_t i = 0; i < formats_.size(); ++i) chunk.data[i].ToUnifiedFormat(chunk.size(), formats_[i]);
  std::vector<Cell> cells(chunk.ColumnCount());
  for (duckdb::idx_t row = 0; row < chunk.size(); ++row) {
    for (std::size_t i = 0; i < cells.size(); ++i) cells[i] = ReadCell(i, chunk, row);
    const MemoryBudget::Pause pause;  // the sink is no part of the engine
    KALAM_TRY(sink.OnRow(cells));
  }
  return {};
}

Cell ResultReader::ReadCell(std::size_t column, duckdb::DataChunk& chunk, duckdb::idx_t row) {
  const UnifiedVectorFormat& format = formats_[column];
  const auto index = format.sel->get_index(row);
  if (!format.validity.RowIsValid(index)) return DatumCell(Datum::Null());
  const LogicalType& type = types_[column];
  std::string& scratch = scratch_[column];

  switch (type.id()) {
    case LogicalTypeId::BOOLEAN: return DatumCell(Datum::Bool(At<bool>(format, index)));
    case LogicalTypeId::TINYINT: return DatumCell(Datum::Int(At<std::int8_t>(format, index)));
    case LogicalTypeId::SMALLINT: return DatumCell(Datum::Int(At<std::int16_t>(format, index)));
    case LogicalTypeId::INTEGER: return DatumCell(Datum::Int(At<std::int32_t>(format, index)));
    case LogicalTypeId::BIGINT: return DatumCell(Datum::Int(At<std::int64_t>(format, index)));
    case LogicalTypeId::UTINYINT: return DatumCell(Datum::Int(At<std::uint8_t>(format, index)));
    case LogicalTypeId::USMALLINT: return DatumCell(Datum::Int(At<std::uint16_t>(format, index)));
    case LogicalTypeId::UINTEGER: return DatumCell(Datum::Int(At<std::uint32_t>(format, index)));
    case LogicalTypeId::FLOAT: return DatumCell(Datum::Double(At<float>(format, index)));
    case LogicalTypeId::DOUBLE: return DatumCell(Datum::Double(At<double>(format, index)));
    case LogicalTypeId::DATE: return DatumCell(Datum::Int(At<std::int32_t>(format, index)));
    case LogicalTypeId::TIME:
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_TZ: return DatumCell(Datum::Int(At<std::int64_t>(format, index)));
    case LogicalTypeId::TIMESTAMP_SEC: return DatumCell(Datum::Int(At<std::int64_t>(format, index) * 1'000'000));
    case LogicalTypeId::TIMESTAMP_MS: return DatumCell(Datum::Int(At<std::int64_t>(format, index) * 1000));
    case LogicalTypeId::TIMESTAMP_NS: {
      const auto nanos = At<std::int64_t>(format, index);
      return DatumCell(Datum::Int(nanos / 1000 - (nanos % 1000 < 0 ? 1 : 0)));
    }
    case LogicalTypeId::VARCHAR:
    case LogicalTypeId::BLOB: {
      const auto& text = At<duckdb::string_t>(format, index);
      const std::string_view view(text.GetData(), text.GetSize());
      return DatumCell(type.id() == LogicalTypeId::BLOB ? Datum::Binary(view) : Datum::Text(view));
    }
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::UHUGEINT:
    case LogicalTypeId::UBIGINT:
    case LogicalTypeId::DECIMAL:
      scratch = Digits(chunk.data[column].GetValue(row));
      return Cell{Cell::Form::kDigits, {}, scratch};
    default: break;
  }
  const duckdb::Value value = chunk.data[column].GetValue(row);
  if (IsNested(type)) {
    scratch.clear();
    JsonWriter json(scratch);
    AppendJson(json, value);
    return Cell{Cell::Form::kJson, {}, scratch};
  }
  scratch = value.ToString();
  return DatumCell(Datum::Text(scratch));
}

}  // namespace kalam::duck
