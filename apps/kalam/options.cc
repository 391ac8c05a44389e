#include "options.h"

#include "command_line.h"
#include "variables.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace kalam::cli {

namespace {

constexpr const char* kFooter = R"(
Without --command and --file, SQL is read from standard input; on a terminal, at a prompt.
Environment: KALAM_URL, KALAM_TOKEN, NO_COLOR. Flags win over it, and it wins over the config file.

Exit status: 0 success, 1 a statement failed, 2 usage, 3 no connection or timeout,
4 authentication failed, 5 not a KalamDB server, 6 import refused rows, 130 cancelled.)";

bool StartsWithHttp(const std::string& text) { return text.rfind("http", 0) == 0; }

// Whether `text` is one of the spellings of a boolean; CLI11 would take any number.
std::optional<bool> ParseSwitch(const std::string& text) {
  if (text == "true" || text == "on" || text == "always" || text.empty()) return true;
  if (text == "false" || text == "off" || text == "never") return false;
  return std::nullopt;
}

void DescribeImport(CLI::App& app, ImportOptions& import) {
  app.set_help_flag("--help", "Show this help");
  app.footer(
      "\nA refused batch is split until exactly the bad rows are known; the others are loaded.\n"
      "Running the same import again loads only the rows whose primary key is not there yet.");
  app.add_option("table", import.table, "Table to load into: NAMESPACE.TABLE")->required();
  app.add_option("file", import.file, "CSV, JSON array or NDJSON file; - is standard input")
      ->required()
      ->type_name("FILE");
  app.add_option("--input-format", import.input_format, "csv, json or ndjson (default: file name)")
      ->check(CLI::IsMember({"csv", "json", "ndjson"}));
  app.add_option("--delimiter", import.delimiter, "CSV: field separator, or tab (default: comma)");
  app.add_option("--null", import.null_text,
                 "CSV: unquoted text that means NULL (an empty unquoted field always does)");
  app.add_flag("--no-header", import.no_header, "CSV: the first line is data; needs --columns");
  app.add_option("--map", import.maps, "Load a file's field into another column: FIELD=COLUMN")
      ->type_size(1)
      ->allow_extra_args(false);
  app.add_option("--columns", import.columns, "Load only these columns: A,B,C")
      ->delimiter(',')
      ->type_size(1)
      ->allow_extra_args(false);
  app.add_option("--batch-size", import.batch_rows, "Rows in one INSERT")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--rejects", import.rejects_file, "Write the refused records to this file")->type_name("FILE");
  app.add_flag("--allow-refused", import.allow_refused, "Exit with 0 even if rows were refused");
}

void DescribeExport(CLI::App& app, ExportOptions& out) {
  app.set_help_flag("--help", "Show this help");
  app.footer(
      "\nRows come in the order of the primary key, a page at a time: rows that change meanwhile are of the moment\n"
      "their page was read. BACKUP DATABASE writes one moment. kalam import reads CSV, JSON and NDJSON back.\n"
      "A file appears when it is complete, and replaces one of its name. Parquet is written by DuckDB's library:\n"
      "../lib/libduckdb.so beside kalam, or the file that the environment variable KALAM_DUCKDB names.\n"
      "With --all a table that fails is told, the others go on, and the exit status is that of the first failure.");
  app.add_option("table", out.table, "Table to read, as the user sees it: NAMESPACE.TABLE");
  app.add_option("file", out.file, "File to write; - is standard output")->type_name("FILE");
  app.add_option("--all", out.all_folder,
                 "Instead of one table: all USER tables that the user may read, each into NAMESPACE.TABLE.csv (or the "
                 "ending of --output-format) of this folder")
      ->type_name("FOLDER");
  app.add_option("--output-format", out.output_format,
                 "csv, json, ndjson or parquet (default: file name; csv for --all)")
      ->check(CLI::IsMember({"csv", "json", "ndjson", "parquet"}));
  app.add_option("--where", out.where, "Only these rows: an SQL condition");
  app.add_option("--page-rows", out.page_rows, "Rows in one SELECT")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
}

void DescribeWatch(CLI::App& app, WatchOptions& watch) {
  app.set_help_flag("--help", "Show this help");
  app.footer(
      "\nA lost connection is opened again, and nothing is missed. Ctrl+C ends it with status 0. With --json each\n"
      "event is one line.");
  app.add_option("sql", watch.sql, "A SELECT over one USER or STREAM table, or SUBSCRIBE TO ...")->required();
  app.add_option("--last", watch.last_rows, "Show the newest so many rows first")->check(CLI::Range(0, 10'000));
  app.add_flag("--snapshot", watch.snapshot, "Show the whole result set first");
  app.add_option("--from-seq", watch.from_seq, "Go on after this seq of an earlier event");
  app.add_option("--count", watch.count, "End after so many changes");
  app.add_flag("--table", watch.table, "Keep the result set on the screen, changed cells marked (a terminal only)");
}

}  // namespace

CommandLine::CommandLine() : app("kalam - the KalamDB terminal client", "kalam") {
  app.set_help_flag("--help", "Show this help");
  app.set_version_flag("--version", "kalam " KALAM_VERSION);
  app.footer(kFooter);
  app.add_option("-c,--command", options.command, "Run this SQL and exit");
  app.add_option("-f,--file", options.file, "Run the SQL statements of a file and exit")->type_name("FILE");
  app.add_option("--url", options.url, "Server URL (default: http://localhost:8080)");
  app.add_option("-h,-H,--host", options.host, "Server host, or its URL");
  app.add_option("-p,--port", options.port, "Server port (default: 8080)")
      ->check(CLI::Range(1, 65535));
  user_option =
      app.add_option("-u,--user", user, "User to act as; a value starting with http is the URL");
  app.add_option("--user-id", options.user_id, "User to act as (X-USER-ID)");
  app.add_option("--token", options.token, "JWT token (or KALAM_TOKEN)");
  app.add_option("--apikey", options.api_key, "API key");
  app.add_option("--format", options.format, "Output: table, json, csv or ndjson")
      ->check(CLI::IsMember({"table", "json", "csv", "ndjson"}));
  app.add_flag("--json", json, "Output as JSON: an array of row objects");
  app.add_flag("--csv", csv, "Output as CSV with a header line");
  app.add_flag("--ndjson", ndjson, "Output as one JSON object per row and line");
  app.add_option("--on-error", options.on_error, "After a failed statement of a script: stop (default) or continue")
      ->check(CLI::IsMember({"stop", "continue"}));
  app.add_option("--set", options.variables,
                 "Set a variable of the script, used as :name, :'name' or :\"name\"; -v NAME=VALUE does the same")
      ->type_name("NAME=VALUE")
      ->type_size(1)
      ->allow_extra_args(false);
  color_option =
      app.add_option("--color", color, "Colours: true or false (default: on a terminal)")
          ->expected(0, 1)
          ->type_name("[BOOL]");
  app.add_flag("--no-color", no_color, "No colours");
  app.add_option("--config", options.config_path, "Config file (default: ~/.kalam/config.toml)")->type_name("FILE");
  app.add_option("--timeout", options.timeout_seconds,
                 "Seconds to wait for an answer (default: 30)")
      ->check(CLI::PositiveNumber);
  app.add_flag("-v,--verbose", options.verbose, "Say more on standard error");
  import_app = app.add_subcommand("import", "Load a CSV, JSON or NDJSON file into a table");
  import_app->fallthrough();
  DescribeImport(*import_app, import);
  export_app = app.add_subcommand("export", "Write a table, or all of a user's, to CSV, JSON, NDJSON or Parquet files");
  export_app->fallthrough();
  DescribeExport(*export_app, out);
  watch_app = app.add_subcommand("watch", "Show how the result of a SELECT changes");
  watch_app->fallthrough();
  DescribeWatch(*watch_app, watch);
  ping_app = app.add_subcommand("ping", "Ask the server how it is, and how long that takes");
  ping_app->fallthrough();
  ping_app->set_help_flag("--help", "Show this help");
  ping_app->add_option("--count", ping.count, "Ask so many times, a second apart")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  login_app = app.add_subcommand("login", "Exchange a password for a token and keep that in the config file");
  login_app->fallthrough();
  login_app->set_help_flag("--help", "Show this help");
  login_app->add_option("user", login.user, "User to log in as (default: --user)");
  login_app->add_flag("--password-stdin", login.password_stdin, "Read the password from standard input");
}

namespace {

// `-v` alone is --verbose; before NAME=VALUE it is psql's --set.
std::vector<const char*> WithVariables(int argc, const char* const* argv) {
  std::vector<const char*> args(argv, argv + argc);
  for (std::size_t i = 1; i + 1 < args.size(); ++i) {
    Variables probe;
    if (std::string_view(args[i]) == "-v" && probe.Assign(args[i + 1])) args[i] = "--set";
  }
  return args;
}

}  // namespace

std::variant<Options, EarlyExit> ParseCommandLine(int argc, const char* const* argv) {
  CommandLine line;
  auto& [app, options, import, watch, out, user, color, no_color, json, csv, user_option, color_option, import_app,
         export_app, watch_app, ndjson, ping, login, ping_app, login_app] = line;
  const auto args = WithVariables(argc, argv);
  try {
    app.parse(argc, args.data());
  } catch (const CLI::CallForHelp&) {
    if (import_app->parsed()) return EarlyExit{ExitCode::kOk, import_app->help("kalam")};
    if (export_app->parsed()) return EarlyExit{ExitCode::kOk, export_app->help("kalam")};
    if (ping_app->parsed()) return EarlyExit{ExitCode::kOk, ping_app->help("kalam")};
    if (login_app->parsed()) return EarlyExit{ExitCode::kOk, login_app->help("kalam")};
    if (watch_app->parsed()) return EarlyExit{ExitCode::kOk, watch_app->help("kalam")};
    return EarlyExit{ExitCode::kOk, app.help()};
  } catch (const CLI::CallForVersion&) {
    return EarlyExit{ExitCode::kOk, "kalam " KALAM_VERSION "\n"};
  } catch (const CLI::ParseError& mistake) {
    return EarlyExit{ExitCode::kUsage, std::string(mistake.what()) + "\nTry: kalam --help\n"};
  }

  const auto usage = [](const char* text) {
    return EarlyExit{ExitCode::kUsage, std::string(text) + "\n"};
  };
  if (options.command && options.file) return usage("Cannot specify both --file and --command");
  if (static_cast<int>(json) + static_cast<int>(csv) + static_cast<int>(ndjson) +
          static_cast<int>(options.format.has_value()) >
      1) {
    return usage("Give only one of --json, --csv, --ndjson and --format");
  }
  if (json) options.format = "json";
  if (csv) options.format = "csv";
  if (ndjson) options.format = "ndjson";
  if (color_option->count() > 0) {
    options.color = ParseSwitch(color);
    if (!options.color) return usage("--color takes true or false");
  }
  for (const std::string& assignment : options.variables) {
    if (!Variables().Assign(assignment)) return usage("--set takes NAME=VALUE");
  }
  if (no_color) options.color = false;
  if (user_option->count() > 0) {
    if (StartsWithHttp(user)) {
      if (!options.url) options.url = user;
    } else if (!options.user_id) {
      options.user_id = user;
    }
  }
  if (export_app->parsed()) {
    if (options.command || options.file) return usage("export does not go together with --command or --file");
    const bool all = export_app->get_option("--all")->count() > 0;
    if (all && (!out.table.empty() || !out.where.empty()))
      return usage("--all FOLDER does not go together with a table or --where");
    if (all ? out.all_folder.empty() : out.file.empty())
      return usage("export takes NAMESPACE.TABLE and FILE, or --all FOLDER");
    options.export_table = std::move(out);
  }
  if (ping_app->parsed()) options.ping = ping;
  if (login_app->parsed()) options.login = std::move(login);
  if ((options.ping || options.login) && (options.command || options.file))
    return usage("ping and login do not go together with --command or --file");
  if (watch_app->parsed()) {
    if (watch.table && watch.count) return usage("--table does not go together with --count");
    if (watch.table && (watch.from_seq || watch.last_rows > 0))
      return usage("--table shows the whole result set: not together with --last or --from-seq");
    if (options.command || options.file) return usage("watch does not go together with --command or --file");
    if (watch.from_seq && (watch.snapshot || watch.last_rows > 0))
      return usage("--from-seq does not go together with --snapshot or --last");
    options.watch = std::move(watch);
  }
  if (import_app->parsed()) {
    if (options.command || options.file) {
      return usage("import does not go together with --command or --file");
    }
    options.import = std::move(import);
  }
  return std::move(options);
}

}  // namespace kalam::cli
