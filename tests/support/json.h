#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kalam::test {

// A JSON document as a tree. Written for tests: strict, so that an answer that merely looks like JSON is
// noticed, and numbers stay as written, so that 64-bit integers and beyond can be checked digit by digit.
//
// Looking up what is not there gives a value of kind kMissing, which never equals anything: a chain of
// look-ups needs no checks between.
class Json {
 public:
  enum class Kind { kMissing, kNull, kBool, kNumber, kString, kArray, kObject };

  // nullopt for text that isn't exactly one well-formed value.
  static std::optional<Json> Parse(std::string_view text);

  Kind kind() const { return kind_; }
  bool exists() const { return kind_ != Kind::kMissing; }
  bool is_null() const { return kind_ == Kind::kNull; }
  bool is_bool() const { return kind_ == Kind::kBool; }
  bool is_number() const { return kind_ == Kind::kNumber; }
  bool is_string() const { return kind_ == Kind::kString; }
  bool is_array() const { return kind_ == Kind::kArray; }
  bool is_object() const { return kind_ == Kind::kObject; }
  // A number without fraction or exponent.
  bool is_integer() const;

  // The decoded string, the digits of a number, `true`, `false`, `null`; empty for others.
  const std::string& text() const { return text_; }
  double number() const;
  // nullopt unless it is an integer that fits.
  std::optional<std::int64_t> integer() const;

  const std::vector<Json>& items() const { return items_; }
  const std::vector<std::pair<std::string, Json>>& members() const { return members_; }
  std::size_t size() const { return is_object() ? members_.size() : items_.size(); }

  const Json& operator[](std::string_view key) const;
  const Json& operator[](std::size_t index) const;
  // The value written back without blanks: for comparing lists and objects as one text.
  std::string Dump() const;
  // Of an array of strings or numbers.
  std::vector<std::string> texts() const;

 private:
  friend class JsonReader;

  Kind kind_ = Kind::kMissing;
  std::string text_;
  std::vector<Json> items_;
  std::vector<std::pair<std::string, Json>> members_;  // in the order of the text
};

// `text` as a JSON string, quotes included.
std::string JsonQuote(std::string_view text);

}  // namespace kalam::test
