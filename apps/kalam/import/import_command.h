#pragma once

#include "options.h"
#include "printer.h"
#include "settings.h"

#include <kalam/client.h>

namespace kalam::cli {

// `kalam import`: loads a file into a table and says what became of its records.
ExitCode RunImport(const Client& client, const ImportOptions& options, Format format,
                   bool progress_on_terminal, Printer& printer);

}  // namespace kalam::cli
