#pragma once

#include "driver.h"
#include "pg_workload.h"

namespace kalam::bench {

// What Drive is for KalamDB: a closed loop in one thread, one statement outstanding per connection.
// Where the server is follows from libpq's environment (PGHOST, PGPORT, ...); of the options host,
// port and threads mean nothing.
Result<Report> DrivePostgres(PgWorkload& workload, const DriveOptions& options);

}  // namespace kalam::bench
