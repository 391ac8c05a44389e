#pragma once

#include "printer.h"

namespace kalam::cli {

// Asks the person at the terminal whether to go on: `Press Enter for more...`. False: q, Ctrl+C, or the end of input.
bool AskForMore(TextSink* out);

}  // namespace kalam::cli
