#pragma once

#include "options.h"
#include "printer.h"

#include <kalam/client.h>

namespace kalam::cli {

// `kalam export`: writes the rows of a table, or of all USER tables, as its user sees them, to a file each in the order
// of the primary key. Page by page: rows that change meanwhile are of the moment their page was read. A file appears
// when it is complete. Of all tables, one that fails is told and the others go on.
ExitCode RunExport(const Client& client, const ExportOptions& options, bool progress_on_terminal, Printer& printer);

}  // namespace kalam::cli
