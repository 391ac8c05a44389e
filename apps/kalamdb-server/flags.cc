#include "flags.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace kalam::server {

namespace {

constexpr const char* kFooter = R"(
The server listens until it is told to stop. The port is taken before the data are opened; what was acknowledged is on
disk, also after kill -9.

Environment: each key of the configuration file as KALAMDB_<SECTION>_<KEY> in upper case, for example
KALAMDB_SERVER_PORT=8081 or KALAMDB_AUTH_JWT_SECRET; a list with commas. The environment wins over the file, flags win
over both. KALAMDB_DATA_DIR is --data-dir.

Exit status: 0 after a clean stop, 1 when the server could not start, with the reason on standard error; others for
mistakes of the command line.

Signals: SIGTERM and SIGINT stop it cleanly: running requests are finished, /health answers 503 meanwhile.

Files: ./config.toml, if it exists and --config names no other; config.example.toml, installed with the documentation,
is every key with its meaning and its default.)";

}  // namespace

Flags::Flags() : app("KalamDB: a realtime SQL database", "kalamdb-server") {
  app.footer(kFooter);
  app.add_flag("--version", version, "print the version and exit");
  app.add_option("--config", config_path, "configuration file (default: ./config.toml, if it exists)")
      ->type_name("FILE");
  app.add_option("--data-dir", data_dir, "folder under which all data lies (default: ./data)")->type_name("FOLDER");
  app.add_option("--host", host, "address to listen on (default: 127.0.0.1)");
  app.add_option("--port", port, "port to listen on (default: 8080; 0: a free one)");
  app.add_option("--port-file", port_file, "write the port here once requests are accepted")->type_name("FILE");
  app.add_flag("--healthcheck", healthcheck,
               "ask the server of this configuration whether it is healthy, and exit: 0 if it is, else 1");
  app.add_flag("--print-config", print_config, "print the configuration in force and exit");
}

}  // namespace kalam::server
