#pragma once

#include "exit_code.h"
#include "options.h"
#include "printer.h"
#include "settings.h"

#include <filesystem>
#include <optional>

namespace kalam::cli {

// `kalam login`: asks for a password without showing it (or takes the first line of standard input), exchanges it for a
// token, and keeps that with the server's address in the configuration file, which only its owner can read. The
// password is not kept.
ExitCode RunLogin(const Client& client, const Settings& settings, const LoginOptions& login,
                  const std::optional<std::filesystem::path>& config_path, Printer& printer);

}  // namespace kalam::cli
