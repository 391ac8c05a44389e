#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/ids.h"

namespace kalam::sql {

// A table as named in a statement; `ns` is absent when the name was not qualified.
struct TableRef {
  std::optional<std::string> ns;
  std::string table;

  TableName Resolve(std::string_view default_namespace) const {
    return {ns ? *ns : std::string(default_namespace), table};
  }
  friend bool operator==(const TableRef&, const TableRef&) = default;
};

}  // namespace kalam::sql
