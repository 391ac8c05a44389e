#pragma once

#include "options.h"
#include "printer.h"

#include <kalam/client.h>

namespace kalam::cli {

// `kalam export`: writes the rows of a table, as its user sees them, to a file in the order of the
// primary key. Page by page: rows that change meanwhile are of the moment their page was read. The
// file appears when it is complete.
ExitCode RunExport(const Client& client, const ExportOptions& options, bool progress_on_terminal,
                   Printer& printer);

}  // namespace kalam::cli
