#pragma once

#include "kalam/response.h"

#include <string>
#include <vector>

#include <simdjson.h>

namespace kalam {
inline namespace link_v1 {

// Adds a JSON object as a row; keys that are no column are left out. Throws simdjson_error.
void AppendRow(simdjson::ondemand::object row, Rows* rows);

// A list of objects with the same keys, which become the columns. Throws simdjson_error.
Rows ParseRows(simdjson::ondemand::array list);

}  // namespace link_v1
}  // namespace kalam
