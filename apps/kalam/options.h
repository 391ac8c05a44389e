#pragma once

#include "exit_code.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace kalam::cli {

// What `kalam import` was told.
struct ImportOptions {
  std::string table;                 // "ns.table" or "table"
  std::string file;                  // "-" is standard input
  std::string input_format;          // csv, json, ndjson; empty: from the file's name
  std::string delimiter;             // one character or "tab"; empty: from the file's name
  std::string null_text;             // CSV text that means NULL, besides the empty unquoted field
  std::vector<std::string> maps;     // "file_field=column"
  std::vector<std::string> columns;  // load only these; with no_header, the fields' names in order
  bool no_header = false;
  int batch_rows = 1000;
  std::string rejects_file;
  bool allow_refused = false;
};

// What `kalam export` was told.
struct ExportOptions {
  std::string table;          // "ns.table" or "table"
  std::string file;           // "-" is standard output
  std::string all_folder;     // all USER tables into this folder, instead of table and file
  std::string output_format;  // csv, json, ndjson, parquet; empty: from the file's name
  std::string where;          // SQL
  int page_rows = 10'000;
};

// What `kalam watch` was told.
struct WatchOptions {
  std::string sql;  // a SELECT, or SUBSCRIBE TO ...
  std::uint32_t last_rows = 0;
  bool snapshot = false;
  std::optional<std::uint64_t> from_seq;
  std::optional<std::uint64_t> count;
  bool table = false;  // keep the result set on the screen
};

// What `kalam ping` was told.
struct PingOptions {
  int count = 1;
};

// What `kalam login` was told.
struct LoginOptions {
  std::string user;  // empty: the user of the other options
  bool password_stdin = false;
};

// The command line as written; what is not given is absent, so that the environment and the
// configuration file can fill it in.
struct Options {
  std::optional<std::string> url;
  std::optional<std::string> host;  // a host name or a URL
  std::optional<int> port;
  std::optional<std::string> user_id;
  std::optional<std::string> token;
  std::optional<std::string> api_key;
  std::optional<std::string> format;
  std::optional<bool> color;
  std::optional<std::string> config_path;
  std::optional<std::string> command;
  std::optional<std::string> file;
  std::optional<double> timeout_seconds;
  bool verbose = false;
  std::string on_error = "stop";
  std::vector<std::string> variables;  // "name=value"
  std::optional<ImportOptions> import;
  std::optional<WatchOptions> watch;
  std::optional<ExportOptions> export_table;
  std::optional<PingOptions> ping;
  std::optional<LoginOptions> login;
};

// The command line already said everything there is to do: --help, --version, or a mistake.
struct EarlyExit {
  ExitCode code = ExitCode::kOk;
  std::string text;  // for stdout when code is kOk, else for stderr
};

std::variant<Options, EarlyExit> ParseCommandLine(int argc, const char* const* argv);

}  // namespace kalam::cli
