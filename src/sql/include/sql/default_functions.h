#pragma once

#include <string_view>

#include "model/data_type.h"
#include "model/table_def.h"

namespace kalam::sql {

// How a function that a DEFAULT may call is written (specification 6.1).
struct DefaultFunctionSyntax {
  std::string_view name;
  DefaultFunction function;
  std::string_view columns;  // that it may be the DEFAULT of, as a refusal names them
};

// By its name, in any case, without parentheses. Null: there is none.
const DefaultFunctionSyntax* FindDefaultFunction(std::string_view name);

// Of its value, and of the columns that it may be the DEFAULT of.
DataType TypeOf(DefaultFunction function);

}  // namespace kalam::sql
