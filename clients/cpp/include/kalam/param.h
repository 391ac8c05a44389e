#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kalam {
inline namespace link_v1 {

// The value of one placeholder ($1, $2, ...). It holds its JSON form, so that a list of parameters
// costs one pass when it is sent. Integers are exact over the whole 64-bit range.
class Param {
 public:
  Param(std::nullptr_t) : json_("null") {}                // NOLINT: implicit on purpose
  Param(bool value) : json_(value ? "true" : "false") {}  // NOLINT
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char>)
  Param(T value) : json_(std::to_string(value)) {}                   // NOLINT
  Param(double value);                                               // NOLINT; not finite: null
  Param(std::string_view text);                                      // NOLINT
  Param(const std::string& text) : Param(std::string_view(text)) {}  // NOLINT
  Param(const char* text) : Param(std::string_view(text)) {}         // NOLINT
  // As ISO 8601 text in UTC with microseconds.
  Param(std::chrono::system_clock::time_point time);  // NOLINT

  const std::string& json() const { return json_; }

 private:
  std::string json_;
};

// Appends `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD, because
// JSON can't carry them.
void AppendJsonString(std::string_view text, std::string* out);

}  // namespace link_v1
}  // namespace kalam
