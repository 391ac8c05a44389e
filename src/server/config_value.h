#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "server/config.h"

// How a value given by an operator becomes a member of ServerConfig, and back.
namespace kalam::server {

// Text of a variable or flag: takes the type that the key wants.
struct TextValue {
  std::string text;
};
// A TOML value that no key takes: a date, a table, a mixed array. Holds what it is, "a date".
struct OtherValue {
  std::string what;
};
using RawValue = std::variant<TextValue, bool, std::int64_t, double, std::string,
                              std::vector<std::string>, OtherValue>;

struct IntegerRange {
  std::int64_t min = 0;
  std::int64_t max = INT64_MAX;
};

// Errors are kInvalidArgument and continue a sentence that begins with the key: "must be an
// integer, not a string".
Result<bool> ToBool(const RawValue& raw);
Result<std::int64_t> ToInteger(const RawValue& raw, IntegerRange range);
Result<std::string> ToText(const RawValue& raw);
Result<std::vector<std::string>> ToList(const RawValue& raw);
// `names` are lower case; the value's case is free. The index of the one named.
Result<std::size_t> ToChoice(const RawValue& raw, const std::vector<std::string_view>& names);

std::string QuoteToml(std::string_view text);

// The names of an enum's values, in the order of the values.
template <typename E>
struct NamesOf;
template <>
struct NamesOf<ErrorStyle> {
  static constexpr std::array<std::string_view, 2> kNames = {"postgres", "mysql"};
};
template <>
struct NamesOf<StorageSync> {
  static constexpr std::array<std::string_view, 2> kNames = {"commit", "interval"};
};
template <>
struct NamesOf<Compression> {
  static constexpr std::array<std::string_view, 5> kNames = {"none", "snappy", "zlib", "lz4",
                                                             "zstd"};
};
template <>
struct NamesOf<ShardingStrategy> {
  static constexpr std::array<std::string_view, 3> kNames = {"alphabetic", "numeric",
                                                             "consistent_hash"};
};
template <>
struct NamesOf<log::Level> {
  static constexpr std::array<std::string_view, 5> kNames = {"trace", "debug", "info", "warn",
                                                             "error"};
};
template <>
struct NamesOf<log::Format> {
  static constexpr std::array<std::string_view, 3> kNames = {"compact", "pretty", "json"};
};

template <typename T>
inline constexpr bool kIsDuration = false;
template <typename Rep, typename Period>
inline constexpr bool kIsDuration<std::chrono::duration<Rep, Period>> = true;

template <typename T>
Status Assign(T& member, const RawValue& raw, IntegerRange range) {
  if constexpr (std::is_same_v<T, bool>) {
    KALAM_TRY_ASSIGN(member, ToBool(raw));
  } else if constexpr (kIsDuration<T>) {
    KALAM_TRY_ASSIGN(const std::int64_t count, ToInteger(raw, range));
    member = T(count);
  } else if constexpr (std::is_integral_v<T>) {
    KALAM_TRY_ASSIGN(const std::int64_t number, ToInteger(raw, range));
    member = static_cast<T>(number);
  } else if constexpr (std::is_enum_v<T>) {
    const auto& names = NamesOf<T>::kNames;
    KALAM_TRY_ASSIGN(const std::size_t index, ToChoice(raw, {names.begin(), names.end()}));
    member = static_cast<T>(index);
  } else if constexpr (std::is_same_v<T, std::optional<std::string>>) {
    KALAM_TRY_ASSIGN(std::string text, ToText(raw));
    member = text.empty() ? std::nullopt : std::optional(std::move(text));
  } else if constexpr (std::is_same_v<T, std::string>) {
    KALAM_TRY_ASSIGN(member, ToText(raw));
  } else {
    KALAM_TRY_ASSIGN(member, ToList(raw));
  }
  return {};
}

using TextCheck = std::function<Status(const std::string&)>;

// Runs `check` on each string of a member; other types have none.
template <typename T>
Status CheckTexts(const T& member, const TextCheck& check) {
  if constexpr (std::is_same_v<T, std::string>) {
    return check(member);
  } else if constexpr (std::is_same_v<T, std::optional<std::string>>) {
    return member ? check(*member) : Status();
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    for (const std::string& item : member) KALAM_TRY(check(item));
  }
  return {};
}

// The member as a TOML value; nullopt if it is not set.
template <typename T>
std::optional<std::string> Print(const T& member) {
  if constexpr (std::is_same_v<T, bool>) {
    return member ? "true" : "false";
  } else if constexpr (kIsDuration<T>) {
    return std::to_string(member.count());
  } else if constexpr (std::is_integral_v<T>) {
    return std::to_string(member);
  } else if constexpr (std::is_enum_v<T>) {
    return QuoteToml(NamesOf<T>::kNames[static_cast<std::size_t>(member)]);
  } else if constexpr (std::is_same_v<T, std::optional<std::string>>) {
    if (!member) return std::nullopt;
    return QuoteToml(*member);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return QuoteToml(member);
  } else {
    std::string list = "[";
    for (const std::string& item : member) {
      if (list.size() > 1) list += ", ";
      list += QuoteToml(item);
    }
    return list + "]";
  }
}

}  // namespace kalam::server
