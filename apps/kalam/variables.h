#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <kalam/result.h>

namespace kalam::cli {

// The variables of a script: -v name=value, \set name value. One thread.
//
// `:name` is replaced by the value as it is, `:'name'` by a string literal and `:"name"` by a quoted name that hold it,
// whatever it contains. Nothing within strings, quoted names and comments is replaced, nor is `::type`. As long as no
// variable is set, texts are left alone: `{'a':b}` is SQL too.
class Variables {
 public:
  // Letters, digits and _, not starting with a digit.
  static bool IsName(std::string_view name);
  // False: `assignment` is not name=value.
  bool Assign(std::string_view assignment);
  void Set(std::string_view name, std::string_view value) { values_[std::string(name)] = value; }
  void Unset(std::string_view name) { values_.erase(std::string(name)); }
  const std::map<std::string, std::string>& values() const { return values_; }

  // Errors: a variable that is not set.
  Result<std::string> Expand(std::string_view sql) const;

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace kalam::cli
