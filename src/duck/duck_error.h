#pragma once

#include <exception>

#include "base/error.h"
#include "duck/engine.h"
#include "duckdb_headers.h"

namespace kalam::duck {

// Puts the engine's failures into our words and codes: names and syntax through `texts`, limits by their
// configuration keys; no file names, no internals.
Error ToError(const duckdb::ErrorData& error, const ErrorTexts& texts, std::string_view statement);
Error ToError(const std::exception& exception, const ErrorTexts& texts, std::string_view statement);
// kLimitExceeded, naming limits.statement_memory.
Error NeedsMoreMemory();

}  // namespace kalam::duck
