#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "duck/scan_source.h"
#include "model/datum.h"

// Cells and columns of listings.
namespace kalam::query {

inline Value Text(std::string_view text) { return Value(Datum::Text(text)); }
inline Value Int(std::int64_t number) { return Value(Datum::Int(number)); }
inline Value Bool(bool value) { return Value(Datum::Bool(value)); }
inline Value OptionalText(const std::optional<std::string>& text) { return text ? Text(*text) : Value(); }
inline Value OptionalInt(const std::optional<std::int64_t>& number) { return number ? Int(*number) : Value(); }

}  // namespace kalam::query
