#pragma once

#include "commands/shell.h"

namespace kalam::cli {

// The prompt: reads statements until ';' and commands, runs them, prints the results. On a terminal with a line editor
// and a history (editor/), else line by line. `\q` or Ctrl+D ends it. Fails at once, without a prompt, when the server
// can't be reached.
ExitCode RunPrompt(Shell& shell);

}  // namespace kalam::cli
