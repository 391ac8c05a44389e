#include "wire/cell_json.h"

#include <charconv>
#include <cmath>
#include <cstdint>

#include "base/json_writer.h"
#include "model/time_text.h"

namespace kalam::wire {
namespace {

template <typename Number>
void AppendNumber(std::string& out, Number value) {
  char digits[40];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

void AppendHex(std::string& out, std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out += "\"0x";
  const std::size_t begin = out.size();
  out.resize(begin + 2 * bytes.size());
  char* to = out.data() + begin;
  for (const char byte : bytes) {
    const auto bits = static_cast<unsigned char>(byte);
    *to++ = kDigits[bits >> 4];
    *to++ = kDigits[bits & 15];
  }
  out += '"';
}

template <typename Append>
void AppendQuoted(std::string& out, std::int64_t value, Append append) {
  out += '"';
  append(out, value);
  out += '"';
}

template <typename Float>
void AppendFloat(std::string& out, Float value) {
  if (std::isfinite(value)) {
    AppendNumber(out, value);
  } else {
    out += "null";
  }
}

void AppendInteger(std::string& out, std::int64_t value, DataType type, bool int64_as_string) {
  switch (type) {
    case DataType::kTimestamp: return AppendQuoted(out, value, AppendTimestamp);
    case DataType::kDate: return AppendQuoted(out, value, AppendDate);
    case DataType::kTime: return AppendQuoted(out, value, AppendTime);
    default: break;
  }
  const bool quoted = int64_as_string && type == DataType::kBigInt;
  if (quoted) out += '"';
  AppendNumber(out, value);
  if (quoted) out += '"';
}

}  // namespace

void AppendCell(std::string& out, const Datum& datum, DataType type, bool int64_as_string) {
  switch (datum.kind()) {
    case Datum::Kind::kNull: out += "null"; return;
    case Datum::Kind::kBool: out += datum.bool_value() ? "true" : "false"; return;
    case Datum::Kind::kText: AppendJsonString(out, datum.text()); return;
    case Datum::Kind::kBinary: AppendHex(out, datum.text()); return;
    case Datum::Kind::kDouble:
      if (type == DataType::kFloat) return AppendFloat(out, static_cast<float>(datum.double_value()));
      return AppendFloat(out, datum.double_value());
    case Datum::Kind::kInt: return AppendInteger(out, datum.int_value(), type, int64_as_string);
  }
}

void AppendDigits(std::string& out, std::string_view digits, bool int64_as_string) {
  const bool quoted = int64_as_string && digits.find_first_of(".eE") == std::string_view::npos;
  if (quoted) out += '"';
  out += digits;
  if (quoted) out += '"';
}

}  // namespace kalam::wire
