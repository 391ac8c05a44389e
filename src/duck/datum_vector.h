#pragma once

#include "duckdb_headers.h"
#include "model/data_type.h"
#include "model/datum.h"

namespace kalam::duck {

// Puts a value, already in the form that a column of `type` stores, into a flat vector of ToLogicalType(type).
// Text is copied.
inline void WriteDatum(duckdb::Vector& vector, duckdb::idx_t row, DataType type, const Datum& datum) {
  using duckdb::FlatVector;
  if (datum.is_null()) {
    FlatVector::SetNull(vector, row, true);
    return;
  }
  switch (type) {
    case DataType::kBoolean: FlatVector::GetData<bool>(vector)[row] = datum.bool_value(); return;
    case DataType::kSmallInt:
      FlatVector::GetData<std::int16_t>(vector)[row] = static_cast<std::int16_t>(datum.int_value());
      return;
    case DataType::kInt:
    case DataType::kDate:
      FlatVector::GetData<std::int32_t>(vector)[row] = static_cast<std::int32_t>(datum.int_value());
      return;
    case DataType::kBigInt:
    case DataType::kTimestamp:
    case DataType::kTime: FlatVector::GetData<std::int64_t>(vector)[row] = datum.int_value(); return;
    case DataType::kFloat:
      FlatVector::GetData<float>(vector)[row] = static_cast<float>(datum.double_value());
      return;
    case DataType::kDouble: FlatVector::GetData<double>(vector)[row] = datum.double_value(); return;
    case DataType::kText:
    case DataType::kJson:
    case DataType::kBinary:
      FlatVector::GetData<duckdb::string_t>(vector)[row] =
          duckdb::StringVector::AddStringOrBlob(vector, datum.text().data(), datum.text().size());
      return;
  }
}

// The other way, from a flat vector. Text borrows from the vector.
inline Datum ReadDatum(const duckdb::Vector& vector, duckdb::idx_t row, DataType type) {
  using duckdb::FlatVector;
  if (FlatVector::IsNull(vector, row)) return Datum::Null();
  switch (type) {
    case DataType::kBoolean: return Datum::Bool(FlatVector::GetData<bool>(vector)[row]);
    case DataType::kSmallInt: return Datum::Int(FlatVector::GetData<std::int16_t>(vector)[row]);
    case DataType::kInt:
    case DataType::kDate: return Datum::Int(FlatVector::GetData<std::int32_t>(vector)[row]);
    case DataType::kBigInt:
    case DataType::kTimestamp:
    case DataType::kTime: return Datum::Int(FlatVector::GetData<std::int64_t>(vector)[row]);
    case DataType::kFloat: return Datum::Double(static_cast<double>(FlatVector::GetData<float>(vector)[row]));
    case DataType::kDouble: return Datum::Double(FlatVector::GetData<double>(vector)[row]);
    case DataType::kText:
    case DataType::kJson:
    case DataType::kBinary: {
      const auto& text = FlatVector::GetData<duckdb::string_t>(vector)[row];
      const std::string_view bytes(text.GetData(), text.GetSize());
      return type == DataType::kBinary ? Datum::Binary(bytes) : Datum::Text(bytes);
    }
  }
  return Datum::Null();
}

}  // namespace kalam::duck
