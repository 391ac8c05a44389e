#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <kalam/result.h>

namespace kalam::cli {

enum class FileFormat { kCsv, kJson, kNdjson, kParquet };

// `csv`, ... as --output-format has it, which is also how the names of such files end.
std::string_view NameOf(FileFormat format);
std::optional<FileFormat> FileFormatNamed(std::string_view name);
// By --output-format, or else by the end of the file's name.
Result<FileFormat> FormatOf(const std::string& file, const std::string& output_format);

}  // namespace kalam::cli
