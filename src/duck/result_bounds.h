#pragma once

#include <string_view>

#include "bounded_functions.h"
#include "duckdb_headers.h"

namespace kalam::duck {

// kalam_bounded(v) is v, or an error when v is larger than the limits: a text longer than limits.max_string_bytes, a
// list of more than limits.max_list_elements at any depth, a type of more than some thousand fields. The walker puts
// it around what makes large values out of small ones and is not guarded by its arguments (guarded_functions.h):
// aggregates, lists, structs, JSON, text of lists. No chain of them grows further than one step beyond the limits.
inline constexpr std::string_view kBoundedResult = "kalam_bounded";

void RegisterResultBounds(duckdb::ExtensionLoader& loader, const SizeLimits& limits);

}  // namespace kalam::duck
