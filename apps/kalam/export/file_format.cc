#include "export/file_format.h"

#include "exit_code.h"

namespace kalam::cli {

std::string_view NameOf(FileFormat format) {
  switch (format) {
    case FileFormat::kCsv:
      return "csv";
    case FileFormat::kJson:
      return "json";
    case FileFormat::kNdjson:
      return "ndjson";
    case FileFormat::kParquet:
      return "parquet";
  }
  return "";
}

std::optional<FileFormat> FileFormatNamed(std::string_view name) {
  for (const auto format : {FileFormat::kCsv, FileFormat::kJson, FileFormat::kNdjson, FileFormat::kParquet}) {
    if (NameOf(format) == name) return format;
  }
  return std::nullopt;
}

Result<FileFormat> FormatOf(const std::string& file, const std::string& output_format) {
  const std::string_view ending = std::string_view(file).substr(file.rfind('.') + 1);
  auto format = FileFormatNamed(output_format.empty() ? ending : output_format);
  if (!format && output_format.empty() && file.ends_with(".jsonl")) format = FileFormat::kNdjson;
  if (format && (!output_format.empty() || file.size() > ending.size())) return *format;
  return UsageError("cannot tell the format of '" + file +
                    "' from its name: give --output-format csv, json, ndjson or parquet");
}

}  // namespace kalam::cli
