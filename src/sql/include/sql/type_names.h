#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/data_type.h"

namespace kalam::sql {

struct SqlType {
  DataType type = DataType::kText;
  bool auto_value = false;  // SERIAL family: the server supplies the value
};

// Every spelling of specification 6.2, case-insensitive. `name` is the words of the type with one blank
// between and without arguments: `varchar`, `double precision`, `int unsigned`. nullopt: not a type we
// store (DECIMAL, UUID, ...).
std::optional<SqlType> TypeFromSqlName(std::string_view name);

}  // namespace kalam::sql
