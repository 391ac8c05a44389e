#pragma once

#include "exit_code.h"
#include "options.h"
#include "printer.h"
#include "settings.h"

namespace kalam::cli {

// `kalam ping`: how the server is and how long it takes to say so, --count times. kOk when the last answer says that it
// is healthy; kConnection when there is none, or it says otherwise.
ExitCode RunPing(const Settings& settings, const PingOptions& ping, Printer& printer);

}  // namespace kalam::cli
