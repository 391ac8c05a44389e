#include "support/parquet_reader.h"

#include "support/json.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <stdexcept>

namespace kalam::test {
namespace {

std::string OutputOf(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "re"), ::pclose);
  if (!pipe) throw std::runtime_error("popen failed");
  std::string output;
  std::array<char, 1 << 16> chunk;
  while (const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), pipe.get()))
    output.append(chunk.data(), got);
  return output;
}

ParquetFile::Value ValueOf(const Json& json) {
  return json.is_string() ? ParquetFile::Value(json.text()) : std::nullopt;
}

ParquetFile::Group GroupOf(const Json& json) {
  ParquetFile::Group group{.rows = json["rows"].integer().value_or(-1)};
  for (const Json& column : json["columns"].items()) {
    const auto nulls = ValueOf(column["nulls"]);
    group.columns.push_back(
        {.codec = column["codec"].text(),
         .nulls = nulls ? std::optional<std::int64_t>(std::stoll(*nulls)) : std::nullopt,
         .min = ValueOf(column["min"]),
         .max = ValueOf(column["max"])});
  }
  return group;
}

}  // namespace

std::size_t ParquetFile::ColumnOf(const std::string& name) const {
  const auto found = std::ranges::find(columns, name, &Column::name);
  if (found == columns.end()) throw std::runtime_error("no column " + name);
  return static_cast<std::size_t>(found - columns.begin());
}

ParquetFile ReadParquet(const std::filesystem::path& file) {
  const std::string output =
      OutputOf("node '" KALAM_PARQUET_READER_SCRIPT "' '" KALAM_PARQUET_READER_MODULES "' '" +
               file.string() + "'");
  const auto json = Json::Parse(output);
  if (!json)
    throw std::runtime_error("the Parquet reader refuses " + file.string() + " (see above)");
  ParquetFile read;
  for (const Json& column : (*json)["columns"].items()) {
    read.columns.push_back({.name = column["name"].text(),
                            .type = column["type"].text(),
                            .converted = ValueOf(column["converted"]).value_or(""),
                            .field_id = column["field_id"].integer().value_or(-1)});
  }
  for (const Json& group : (*json)["groups"].items()) read.groups.push_back(GroupOf(group));
  for (const Json& row : (*json)["rows"].items()) {
    auto& values = read.rows.emplace_back();
    for (const Json& value : row.items()) values.push_back(ValueOf(value));
  }
  return read;
}

}  // namespace kalam::test
