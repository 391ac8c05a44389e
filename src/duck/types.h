#pragma once

#include "duckdb_headers.h"
#include "model/data_type.h"
#include "model/datum.h"

namespace kalam::duck {

// The engine's type for a column of ours.
inline duckdb::LogicalType ToLogicalType(DataType type) {
  using duckdb::LogicalType;
  switch (type) {
    case DataType::kBoolean: return LogicalType::BOOLEAN;
    case DataType::kSmallInt: return LogicalType::SMALLINT;
    case DataType::kInt: return LogicalType::INTEGER;
    case DataType::kBigInt: return LogicalType::BIGINT;
    case DataType::kFloat: return LogicalType::FLOAT;
    case DataType::kDouble: return LogicalType::DOUBLE;
    case DataType::kText: return LogicalType::VARCHAR;
    case DataType::kTimestamp: return LogicalType::TIMESTAMP;
    case DataType::kDate: return LogicalType::DATE;
    case DataType::kTime: return LogicalType::TIME;
    case DataType::kJson: return LogicalType::JSON();
    case DataType::kBinary: return LogicalType::BLOB;
  }
  return LogicalType::VARCHAR;
}

// The type of the column in a Parquet file. JSON goes out as text: other readers need not know the engine's alias for
// it.
inline duckdb::LogicalType ToFileType(DataType type) {
  return type == DataType::kJson ? duckdb::LogicalType::VARCHAR : ToLogicalType(type);
}

inline duckdb::Value ToDuckValue(const Datum& datum) {
  using duckdb::Value;
  switch (datum.kind()) {
    case Datum::Kind::kNull: return Value();
    case Datum::Kind::kBool: return Value::BOOLEAN(datum.bool_value());
    case Datum::Kind::kInt: return Value::BIGINT(datum.int_value());
    case Datum::Kind::kDouble: return Value::DOUBLE(datum.double_value());
    case Datum::Kind::kText: return Value(std::string(datum.text()));
    case Datum::Kind::kBinary:
      return Value::BLOB(reinterpret_cast<duckdb::const_data_ptr_t>(datum.text().data()),
                         datum.text().size());
  }
  return Value();
}

}  // namespace kalam::duck
