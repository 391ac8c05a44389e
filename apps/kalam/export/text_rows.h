#pragma once

#include "export/file_format.h"
#include "export/table_pages.h"
#include "printer.h"

#include <cstdio>
#include <optional>

namespace kalam::cli {

// Writes the rows of all pages as CSV, JSON or NDJSON. Whether they could be written, the file knows (std::ferror).
std::optional<Error> WriteText(FileFormat format, const NextPage& next, std::FILE* file);

}  // namespace kalam::cli
