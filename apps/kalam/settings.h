#pragma once

#include "config.h"
#include "options.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <kalam/client.h>

namespace kalam::cli {

enum class Format { kTable, kJson, kCsv, kNdjson };

// "table", "json", "csv" or "ndjson"; nullopt: none of them.
std::optional<Format> FormatNamed(std::string_view name);

// What holds for this run, once flags, environment and configuration file have had their say, in
// this order.
struct Settings {
  std::string url;
  std::string user_id;  // empty: the server decides
  Auth auth;
  std::chrono::milliseconds timeout{30'000};
  int max_retries = 3;
  Format format = Format::kTable;
  std::size_t history_size = 1000;  // entries that the prompt remembers
  std::size_t max_rows = 1000;  // rows per page on a terminal; 0: no pages
  std::optional<bool> color;  // absent: where the output is a terminal
};

using Environment = std::function<const char*(const char* name)>;

Settings ResolveSettings(const Options& options, const Config& config, const Environment& env);

Result<Client> Connect(const Settings& settings);

}  // namespace kalam::cli
