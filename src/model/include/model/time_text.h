#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

// Dates and times as text, always UTC (RFC 3339 and the SQL forms with a blank).
namespace kalam {

// `2025-10-20T10:30:00Z`, with `.123456` before the Z only when there is a fraction.
void AppendTimestamp(std::string& out, TimestampMicros micros);
std::string FormatTimestamp(TimestampMicros micros);
// `2025-10-20`.
void AppendDate(std::string& out, std::int64_t days);
// `14:30:00`, with `.123456` only when there is a fraction.
void AppendTime(std::string& out, std::int64_t micros);

// `2025-10-20`, `2025-10-20 10:30`, `2025-10-20T10:30:00.5Z`, `...+02:00`; no offset means UTC.
std::optional<TimestampMicros> ParseTimestamp(std::string_view text);
std::optional<std::int64_t> ParseDate(std::string_view text);
std::optional<std::int64_t> ParseTime(std::string_view text);

}  // namespace kalam
