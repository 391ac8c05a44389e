#include "model/datum.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include <simdjson.h>

#include "model/time_text.h"

namespace kalam {
namespace {

std::string Describe(const Datum& in) {
  constexpr std::size_t kShown = 40;
  switch (in.kind()) {
    case Datum::Kind::kNull: return "NULL";
    case Datum::Kind::kBool: return in.bool_value() ? "BOOLEAN true" : "BOOLEAN false";
    case Datum::Kind::kInt: return "BIGINT " + std::to_string(in.int_value());
    case Datum::Kind::kDouble: return "DOUBLE " + std::to_string(in.double_value());
    case Datum::Kind::kText:
      if (in.text().size() > kShown) return "TEXT '" + std::string(in.text().substr(0, kShown)) + "...'";
      return "TEXT '" + std::string(in.text()) + "'";
    case Datum::Kind::kBinary: return "BINARY";
  }
  return "value";
}

Error CannotConvert(const Datum& in, DataType type) {
  return Error(ErrorCode::kConstraint,
               "cannot convert " + Describe(in) + " to " + std::string(ToString(type)));
}

// From here on the nearest FLOAT would be infinite: half a step beyond the largest.
constexpr double kFirstBeyondFloat = 0x1.ffffffp127;

struct IntRange {
  std::int64_t low, high;
};

IntRange RangeOf(DataType type) {
  switch (type) {
    case DataType::kSmallInt: return {INT16_MIN, INT16_MAX};
    case DataType::kInt: return {INT32_MIN, INT32_MAX};
    default: return {INT64_MIN, INT64_MAX};
  }
}

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  Number number;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> ToInteger(const Datum& in) {
  switch (in.kind()) {
    case Datum::Kind::kInt: return in.int_value();
    case Datum::Kind::kText: return ParseNumber<std::int64_t>(in.text());
    case Datum::Kind::kDouble: {
      // 2^63 is exact as a double; what is below it and whole fits.
      const double value = in.double_value();
      if (value != std::floor(value) || value < -0x1p63 || value >= 0x1p63) return std::nullopt;
      return static_cast<std::int64_t>(value);
    }
    default: return std::nullopt;
  }
}

std::optional<double> ToDouble(const Datum& in) {
  switch (in.kind()) {
    case Datum::Kind::kInt: return static_cast<double>(in.int_value());
    case Datum::Kind::kDouble: return in.double_value();
    case Datum::Kind::kText: return ParseNumber<double>(in.text());
    default: return std::nullopt;
  }
}

std::optional<bool> ToBool(const Datum& in) {
  if (in.kind() == Datum::Kind::kBool) return in.bool_value();
  if (in.kind() == Datum::Kind::kInt && (in.int_value() == 0 || in.int_value() == 1)) {
    return in.int_value() == 1;
  }
  if (in.kind() != Datum::Kind::kText) return std::nullopt;
  std::string lower;
  for (const char c : in.text()) lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  if (lower == "true" || lower == "t" || lower == "1") return true;
  if (lower == "false" || lower == "f" || lower == "0") return false;
  return std::nullopt;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool DecodeHex(std::string_view hex, std::string& out) {
  if (hex.size() % 2 != 0) return false;
  out.clear();
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = HexDigit(hex[i]), low = HexDigit(hex[i + 1]);
    if (high < 0 || low < 0) return false;
    out += static_cast<char>(high * 16 + low);
  }
  return true;
}

bool DecodeBase64(std::string_view text, std::string& out) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() % 4 != 0) return false;
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.size() % 4 == 1) return false;
  out.clear();
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return false;
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>((bits >> count) & 0xFF);
    }
  }
  return true;
}

bool ToBinary(const Datum& in, std::string& out) {
  const std::string_view text = in.text();
  if (text.size() >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    return DecodeHex(text.substr(2), out);
  }
  if (text.size() >= 2 && text[0] == '\\' && text[1] == 'x') return DecodeHex(text.substr(2), out);
  return DecodeBase64(text, out);
}

bool IsJson(std::string_view text) {
  thread_local simdjson::dom::parser parser;
  const simdjson::padded_string padded(text);
  return parser.parse(padded).error() == simdjson::SUCCESS;
}

bool IsPlainAscii(std::string_view text) {
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word;
    __builtin_memcpy(&word, text.data() + i, 8);
    if (word & 0x8080808080808080ull) return false;
  }
  for (; i < text.size(); ++i) {
    if (static_cast<unsigned char>(text[i]) >= 0x80) return false;
  }
  return true;
}

Result<Datum> ConvertToText(const Datum& in, DataType type, std::string& scratch) {
  switch (in.kind()) {
    case Datum::Kind::kText:
      if (!IsPlainAscii(in.text()) && !simdjson::validate_utf8(in.text().data(), in.text().size())) {
        return Error(ErrorCode::kConstraint, "text is not valid UTF-8");
      }
      return in;
    case Datum::Kind::kInt: scratch = std::to_string(in.int_value()); break;
    case Datum::Kind::kBool: scratch = in.bool_value() ? "true" : "false"; break;
    case Datum::Kind::kDouble: {
      char digits[40];
      scratch.assign(digits, std::to_chars(digits, digits + sizeof(digits), in.double_value()).ptr);
      break;
    }
    default: return CannotConvert(in, type);
  }
  return Datum::Text(scratch);
}

template <typename T>
Result<Datum> IntOr(std::optional<T> value, const Datum& in, DataType type) {
  if (!value) return CannotConvert(in, type);
  return Datum::Int(*value);
}

}  // namespace

bool operator==(const Datum& a, const Datum& b) {
  if (a.kind_ != b.kind_) return false;
  switch (a.kind_) {
    case Datum::Kind::kNull: return true;
    case Datum::Kind::kBool:
    case Datum::Kind::kInt: return a.int_ == b.int_;
    case Datum::Kind::kDouble: return a.double_ == b.double_;
    case Datum::Kind::kText:
    case Datum::Kind::kBinary: return a.text() == b.text();
  }
  return false;
}

Result<Datum> ConvertDatum(const Datum& in, DataType type, std::string& scratch) {
  if (in.is_null()) return in;
  const bool is_text = in.kind() == Datum::Kind::kText;
  const bool is_int = in.kind() == Datum::Kind::kInt;
  switch (type) {
    case DataType::kBoolean: {
      const auto value = ToBool(in);
      if (!value) return CannotConvert(in, type);
      return Datum::Bool(*value);
    }
    case DataType::kSmallInt:
    case DataType::kInt:
    case DataType::kBigInt: {
      const auto value = ToInteger(in);
      const IntRange range = RangeOf(type);
      if (!value || *value < range.low || *value > range.high) return CannotConvert(in, type);
      return Datum::Int(*value);
    }
    case DataType::kFloat:
    case DataType::kDouble: {
      const auto value = ToDouble(in);
      if (!value) return CannotConvert(in, type);
      if (type == DataType::kFloat && std::isfinite(*value)) {
        // The shortest text of the largest float, 3.4028235e38, is a little more than it.
        constexpr double kMax = std::numeric_limits<float>::max();
        if (std::abs(*value) >= kFirstBeyondFloat) return CannotConvert(in, type);
        return Datum::Double(std::clamp(*value, -kMax, kMax));
      }
      return Datum::Double(*value);
    }
    case DataType::kText: return ConvertToText(in, type, scratch);
    case DataType::kJson:
      if (!is_text || !IsJson(in.text())) {
        return Error(ErrorCode::kConstraint, "cannot convert " + Describe(in) + " to JSON: not valid JSON");
      }
      return in;
    case DataType::kTimestamp:
      if (is_int) return in;
      return IntOr(is_text ? ParseTimestamp(in.text()) : std::nullopt, in, type);
    case DataType::kDate:
      if (is_int && in.int_value() >= INT32_MIN && in.int_value() <= INT32_MAX) return in;
      return IntOr(is_text ? ParseDate(in.text()) : std::nullopt, in, type);
    case DataType::kTime:
      if (is_int && in.int_value() >= 0 && in.int_value() < 86'400'000'000) return in;
      return IntOr(is_text ? ParseTime(in.text()) : std::nullopt, in, type);
    case DataType::kBinary:
      if (in.kind() == Datum::Kind::kBinary) return in;
      if (!is_text || !ToBinary(in, scratch)) return CannotConvert(in, type);
      return Datum::Binary(scratch);
  }
  return CannotConvert(in, type);
}

}  // namespace kalam
