#pragma once

#include <optional>

#include "base/result.h"
#include "duckdb_headers.h"
#include "model/datum.h"

namespace kalam::duck {

// A value as exactly the type that a plan has for its parameter.
//
// nullopt: the type can't hold it without changing what a comparison says (2.5 for an INT, 3000000000 for an INT); run
// the statement with a constant, whose type the comparison adapts to. A literal of the text gets no further: it means
// what it meant there. A parameter of the request converts by our own rules, as it would on INSERT.
// Error: kParameterType for a parameter that can't: `cannot convert TEXT 'abc' to BIGINT`.
Result<std::optional<duckdb::Value>> ParameterValueOf(const Datum& value, const duckdb::LogicalType& type,
                                                      bool of_request);

}  // namespace kalam::duck
