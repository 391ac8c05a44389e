#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <simdjson.h>

#include "base/result.h"

namespace kalam::catalog {

// One JSON object of a stored document. Whatever is not as expected becomes kCorruption that names the
// key of the document and the field. Borrows from the parser that read it.
class DocumentReader {
 public:
  DocumentReader(std::string_view key, simdjson::dom::object object) : key_(key), object_(object) {}

  // `parser` owns what the reader looks at.
  static Result<DocumentReader> Parse(simdjson::dom::parser& parser, std::string_view key,
                                      std::string_view json) {
    simdjson::dom::object object;
    if (auto error = parser.parse(json.data(), json.size()).get(object)) {
      return Corrupt(key, simdjson::error_message(error));
    }
    return DocumentReader(key, object);
  }

  static Error Corrupt(std::string_view key, std::string_view why) {
    return Error(ErrorCode::kCorruption, fmt::format("{}: {}", key, why));
  }
  Error Corrupt(std::string_view why) const { return Corrupt(key_, why); }
  Error BadField(std::string_view field) const {
    return Corrupt(fmt::format("field '{}' is missing or not valid", field));
  }

  std::string_view key() const { return key_; }

  // T: std::string_view, std::int64_t, bool, double, simdjson::dom::object or array.
  template <typename T>
  Result<T> Get(std::string_view field) const {
    T value;
    if (object_[field].get(value)) return BadField(field);
    return value;
  }

  // Absent or null is nullopt; a wrong type is an error.
  template <typename T>
  Result<std::optional<T>> GetOptional(std::string_view field) const {
    const auto element = object_[field];
    if (element.error() == simdjson::NO_SUCH_FIELD) return std::optional<T>();
    if (element.error() != simdjson::SUCCESS) return BadField(field);
    if (element.value_unsafe().is_null()) return std::optional<T>();
    T value;
    if (element.get(value)) return BadField(field);
    return std::optional<T>(value);
  }

  Result<std::string> GetText(std::string_view field) const {
    KALAM_TRY_ASSIGN(const auto text, Get<std::string_view>(field));
    return std::string(text);
  }
  Result<std::optional<std::string>> GetOptionalText(std::string_view field) const {
    KALAM_TRY_ASSIGN(const auto text, GetOptional<std::string_view>(field));
    return text ? std::optional(std::string(*text)) : std::nullopt;
  }

  // Milliseconds as microseconds.
  Result<std::int64_t> GetMillis(std::string_view field) const {
    KALAM_TRY_ASSIGN(const auto millis, Get<std::int64_t>(field));
    return ToMicros(field, millis);
  }
  Result<std::optional<std::int64_t>> GetOptionalMillis(std::string_view field) const {
    KALAM_TRY_ASSIGN(const auto millis, GetOptional<std::int64_t>(field));
    if (!millis) return std::optional<std::int64_t>();
    KALAM_TRY_ASSIGN(const auto micros, ToMicros(field, *millis));
    return std::optional(micros);
  }

 private:
  Result<std::int64_t> ToMicros(std::string_view field, std::int64_t millis) const {
    std::int64_t micros = 0;
    if (__builtin_mul_overflow(millis, 1000, &micros)) return BadField(field);
    return micros;
  }

  std::string_view key_;
  simdjson::dom::object object_;
};

}  // namespace kalam::catalog
