#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/data_type.h"

namespace kalam {

// One value that borrows its text: 24 bytes, no allocation. What it points to (request body, row bytes)
// must outlive it. `Value` owns.
class Datum {
 public:
  enum class Kind : std::uint8_t { kNull, kBool, kInt, kDouble, kText, kBinary };

  constexpr Datum() = default;
  static constexpr Datum Null() { return Datum(); }
  static constexpr Datum Bool(bool value) { return Datum(Kind::kBool, value ? 1 : 0); }
  // Integers of every width; TIMESTAMP, DATE and TIME in their units.
  static constexpr Datum Int(std::int64_t value) { return Datum(Kind::kInt, value); }
  static constexpr Datum Double(double value) {
    Datum d;
    d.kind_ = Kind::kDouble;
    d.double_ = value;
    return d;
  }
  // UTF-8 text: TEXT and JSON, and literals whose type the column decides.
  static constexpr Datum Text(std::string_view text) { return Datum(Kind::kText, text); }
  static constexpr Datum Binary(std::string_view bytes) { return Datum(Kind::kBinary, bytes); }

  constexpr Kind kind() const { return kind_; }
  constexpr bool is_null() const { return kind_ == Kind::kNull; }
  constexpr bool bool_value() const { return int_ != 0; }
  constexpr std::int64_t int_value() const { return int_; }
  constexpr double double_value() const { return double_; }
  constexpr std::string_view text() const { return {data_, size_}; }

  // Same kind and same content; NULL equals NULL. For tests and change detection, not SQL equality.
  friend bool operator==(const Datum& a, const Datum& b);

 private:
  constexpr Datum(Kind kind, std::int64_t value) : kind_(kind), int_(value) {}
  constexpr Datum(Kind kind, std::string_view text)
      : kind_(kind), size_(static_cast<std::uint32_t>(text.size())), data_(text.data()) {}

  Kind kind_ = Kind::kNull;
  std::uint32_t size_ = 0;
  union {
    std::int64_t int_ = 0;
    double double_;
  };
  const char* data_ = nullptr;
};

// One value that owns its text.
class Value {
 public:
  Value() = default;
  explicit Value(const Datum& datum) : datum_(datum), text_(datum.text()) {}

  // Valid as long as this Value is neither moved nor changed.
  Datum view() const {
    switch (datum_.kind()) {
      case Datum::Kind::kText: return Datum::Text(text_);
      case Datum::Kind::kBinary: return Datum::Binary(text_);
      default: return datum_;
    }
  }

 private:
  Datum datum_;
  std::string text_;
};

// Turns a literal or parameter into the form that a column of `type` stores: range-checks integers,
// parses '2025-10-20T10:30:00Z' for TIMESTAMP, checks JSON and UTF-8, decodes '0x..' or base64 for BINARY.
// NULL stays NULL. The result may borrow from `in` or from `scratch`, which the caller keeps alive and
// unchanged (one scratch per value that may need decoding).
// Errors: kConstraint, naming both types: `cannot convert TEXT 'abc' to BIGINT`.
Result<Datum> ConvertDatum(const Datum& in, DataType type, std::string& scratch);

}  // namespace kalam
