#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json_writer.h"

// Small additions to JsonWriter for stored documents.
namespace kalam::catalog {

inline void PutText(JsonWriter& json, std::string_view field, std::string_view text) {
  json.Key(field).String(text);
}

inline void PutOptionalText(JsonWriter& json, std::string_view field,
                            const std::optional<std::string>& text) {
  json.Key(field);
  text ? json.String(*text) : json.Null();
}

inline void PutOptionalInt(JsonWriter& json, std::string_view field,
                           const std::optional<std::int64_t>& value) {
  json.Key(field);
  value ? json.Int(*value) : json.Null();
}

inline void PutMillis(JsonWriter& json, std::string_view field, TimestampMicros micros) {
  json.Key(field).Int(micros / 1000);
}

}  // namespace kalam::catalog
