#pragma once

namespace kalam::cli {

// The whole program: reads the command line, does what it says, returns the exit status.
int RunApp(int argc, const char* const* argv);

}  // namespace kalam::cli
