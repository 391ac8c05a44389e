#include "config_value.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace kalam::server {
namespace {

Error Wrong(std::string message) { return Error(ErrorCode::kInvalidArgument, std::move(message)); }

std::string What(const RawValue& raw) {
  struct Namer {
    std::string operator()(const TextValue&) const { return "that text"; }
    std::string operator()(bool) const { return "a boolean"; }
    std::string operator()(std::int64_t) const { return "an integer"; }
    std::string operator()(double) const { return "a fraction"; }
    std::string operator()(const std::string&) const { return "a string"; }
    std::string operator()(const std::vector<std::string>&) const { return "an array"; }
    std::string operator()(const OtherValue& other) const { return other.what; }
  };
  return std::visit(Namer(), raw);
}

std::string Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kSpace) - first + 1));
}

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

}  // namespace

Result<bool> ToBool(const RawValue& raw) {
  if (const auto* value = std::get_if<bool>(&raw)) return *value;
  if (const auto* given = std::get_if<TextValue>(&raw)) {
    const std::string word = Lower(Trimmed(given->text));
    for (const std::string_view yes : {"true", "1", "yes", "on"}) {
      if (word == yes) return true;
    }
    for (const std::string_view no : {"false", "0", "no", "off"}) {
      if (word == no) return false;
    }
    return Wrong("must be true or false");
  }
  return Wrong("must be true or false, not " + What(raw));
}

Result<std::int64_t> ToInteger(const RawValue& raw, IntegerRange range) {
  std::int64_t number = 0;
  if (const auto* value = std::get_if<std::int64_t>(&raw)) {
    number = *value;
  } else if (const auto* given = std::get_if<TextValue>(&raw)) {
    const std::string digits = Trimmed(given->text);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size()) {
      return Wrong("must be an integer");
    }
  } else {
    return Wrong("must be an integer, not " + What(raw));
  }
  if (number >= range.min && number <= range.max) return number;
  if (range.max == INT64_MAX) {
    return Wrong("must be at least " + std::to_string(range.min) + ", not " +
                 std::to_string(number));
  }
  return Wrong("must be between " + std::to_string(range.min) + " and " +
               std::to_string(range.max) + ", not " + std::to_string(number));
}

Result<std::string> ToText(const RawValue& raw) {
  if (const auto* value = std::get_if<std::string>(&raw)) return *value;
  if (const auto* given = std::get_if<TextValue>(&raw)) return given->text;
  return Wrong("must be a string, not " + What(raw));
}

Result<std::vector<std::string>> ToList(const RawValue& raw) {
  if (const auto* value = std::get_if<std::vector<std::string>>(&raw)) return *value;
  if (const auto* given = std::get_if<TextValue>(&raw)) {
    std::vector<std::string> items;
    std::string_view rest = given->text;
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      if (std::string item = Trimmed(rest.substr(0, comma)); !item.empty()) {
        items.push_back(std::move(item));
      }
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
    return items;
  }
  return Wrong("must be an array of strings, not " + What(raw));
}

Result<std::size_t> ToChoice(const RawValue& raw, const std::vector<std::string_view>& names) {
  std::string allowed;
  for (const std::string_view name : names) (allowed += allowed.empty() ? "" : ", ") += name;
  auto text = ToText(raw);
  if (!text.ok()) return Wrong("must be one of " + allowed + ", not " + What(raw));
  const auto found = std::find(names.begin(), names.end(), Lower(Trimmed(*text)));
  if (found == names.end()) return Wrong("must be one of " + allowed + ", not '" + *text + "'");
  return static_cast<std::size_t>(found - names.begin());
}

std::string QuoteToml(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      (quoted += '\\') += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\u%04X", byte);
      quoted += escape;
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace kalam::server
