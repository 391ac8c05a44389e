#pragma once

#include <string>
#include <string_view>

#include "model/data_type.h"
#include "model/datum.h"

namespace kalam::wire {

// Appends one value of a row as answers and live messages show it: times as ISO 8601 text, bytes as 0x..,
// NaN and infinities as null, integers of BIGINT columns quoted if so wished.
void AppendCell(std::string& out, const Datum& datum, DataType type, bool int64_as_string);
// An exact number that no Datum holds.
void AppendDigits(std::string& out, std::string_view digits, bool int64_as_string);

}  // namespace kalam::wire
