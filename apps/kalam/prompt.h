#pragma once

#include "commands/shell.h"

namespace kalam::cli {

// The prompt on a terminal: reads lines until ';', runs the statement, prints the result. `\q` or
// Ctrl+D ends it. Fails at once, without a prompt, when the server can't be reached.
ExitCode RunPrompt(Shell& shell);

}  // namespace kalam::cli
