#include "parameter_value.h"

#include <cmath>
#include <string>

#include "types.h"

namespace kalam::duck {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using Found = std::optional<duckdb::Value>;

std::optional<DataType> OurType(const LogicalType& type) {
  for (const DataType ours : {DataType::kBoolean, DataType::kSmallInt, DataType::kInt, DataType::kBigInt,
                              DataType::kFloat, DataType::kDouble, DataType::kText, DataType::kTimestamp,
                              DataType::kDate, DataType::kTime, DataType::kJson, DataType::kBinary}) {
    if (type == ToLogicalType(ours) && type.IsJSONType() == (ours == DataType::kJson)) return ours;
  }
  return std::nullopt;
}

bool IsTemporal(DataType type) {
  return type == DataType::kTimestamp || type == DataType::kDate || type == DataType::kTime;
}

Found Cast(const Datum& value, const LogicalType& type) {
  duckdb::Value cast;
  std::string ignored;
  if (!ToDuckValue(value).DefaultTryCastAs(type, cast, &ignored, true)) return std::nullopt;
  return cast;
}

// Numbers keep their exact value or are not taken.
Found ExactNumber(const Datum& value, const LogicalType& type) {
  constexpr std::int64_t kExactInDouble = std::int64_t{1} << 53;
  if (value.kind() == Datum::Kind::kInt) {
    if (type.IsIntegral()) return Cast(value, type);
    const bool exact = value.int_value() <= kExactInDouble && value.int_value() >= -kExactInDouble;
    return type.id() == LogicalTypeId::DOUBLE && exact ? Cast(value, type) : std::nullopt;
  }
  const double number = value.double_value();
  if (type.id() == LogicalTypeId::DOUBLE) return duckdb::Value::DOUBLE(number);
  if (type.id() == LogicalTypeId::FLOAT && static_cast<double>(static_cast<float>(number)) == number) {
    return duckdb::Value::FLOAT(static_cast<float>(number));
  }
  const bool whole = number == std::floor(number) && std::abs(number) < static_cast<double>(kExactInDouble);
  return type.IsIntegral() && whole ? Cast(Datum::Int(static_cast<std::int64_t>(number)), type) : std::nullopt;
}

Result<Found> Converted(const Datum& value, const LogicalType& type, DataType ours) {
  std::string scratch;
  auto converted = ConvertDatum(value, ours, scratch);
  if (!converted.ok()) return Error(ErrorCode::kParameterType, converted.error().message());
  switch (ours) {
    case DataType::kTimestamp: return Found(duckdb::Value::TIMESTAMP(duckdb::timestamp_t(converted->int_value())));
    case DataType::kDate:
      return Found(duckdb::Value::DATE(duckdb::date_t(static_cast<std::int32_t>(converted->int_value()))));
    case DataType::kTime: return Found(duckdb::Value::TIME(duckdb::dtime_t(converted->int_value())));
    default: return Cast(*converted, type);
  }
}

}  // namespace

Result<Found> ParameterValueOf(const Datum& value, const LogicalType& type, bool of_request) {
  const bool is_number = value.kind() == Datum::Kind::kInt || value.kind() == Datum::Kind::kDouble;
  const bool is_text = value.kind() == Datum::Kind::kText;
  if (value.is_null()) return Found(duckdb::Value(type));
  if (is_number && type.IsNumeric()) return ExactNumber(value, type);
  if (value.kind() == Datum::Kind::kBool && type.id() == LogicalTypeId::BOOLEAN) return Found(ToDuckValue(value));
  const auto ours = OurType(type);
  if (is_text && ours == DataType::kText) return Found(ToDuckValue(value));
  if (is_text && ours && *ours != DataType::kJson && *ours != DataType::kBinary) {
    if (auto cast = Cast(value, type)) return Found(std::move(cast));
  }
  if (!of_request || !ours) return Found();
  if (!is_text && IsTemporal(*ours)) {
    // Their units are nobody's business.
    std::string scratch;
    const auto text = ConvertDatum(value, DataType::kText, scratch);
    return Error(ErrorCode::kParameterType,
                 "cannot convert " + ToDuckValue(value).type().ToString() + " " +
                     (text.ok() ? std::string(text->text()) : std::string()) + " to " + std::string(ToString(*ours)));
  }
  return Converted(value, type, *ours);
}

}  // namespace kalam::duck
