#pragma once

#include "session.h"
#include "settings.h"

namespace kalam::cli {

// The prompt: reads statements until ';', runs them, prints the results. On a terminal with a line editor
// and a history (editor/), else line by line. `\q` or Ctrl+D ends it.
// Fails at once, without a prompt, when the server can't be reached.
ExitCode RunPrompt(Session& session, const Settings& settings);

}  // namespace kalam::cli
