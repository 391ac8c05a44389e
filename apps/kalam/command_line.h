#pragma once

#include "options.h"

#include <string>

#include <CLI/App.hpp>

namespace kalam::cli {

// Every option and subcommand of `kalam`, with where its value goes: the one description that the parser and --help
// read, and that man pages and completions are generated from (apps/reference). `app` points into the fields, so it
// stays where it was made.
struct CommandLine {
  CommandLine();

  CLI::App app;
  Options options;
  ImportOptions import;
  WatchOptions watch;
  ExportOptions out;
  std::string user;
  std::string color;
  bool no_color = false;
  bool json = false;
  bool csv = false;
  CLI::Option* user_option = nullptr;
  CLI::Option* color_option = nullptr;
  CLI::App* import_app = nullptr;
  CLI::App* export_app = nullptr;
  CLI::App* watch_app = nullptr;
  bool ndjson = false;
  PingOptions ping;
  LoginOptions login;
  CLI::App* ping_app = nullptr;
  CLI::App* login_app = nullptr;
};

}  // namespace kalam::cli
