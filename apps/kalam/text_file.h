#pragma once

#include <string>

#include <kalam/result.h>

namespace kalam::cli {

// All of a file; "-" is standard input. Errors: it can't be read, with the reason.
Result<std::string> ReadWholeFile(const std::string& path);

}  // namespace kalam::cli
