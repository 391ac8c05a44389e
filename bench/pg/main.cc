// pg-bench: the same load as kalam-bench's for a PostgreSQL server, through libpq. Where the server
// is follows from libpq's environment (PGHOST, PGPORT, PGUSER, PGDATABASE, PGOPTIONS).

#include "command_line.h"
#include "pg_driver.h"
#include "pg_workload.h"

namespace kalam::bench {
namespace {

Result<LoadOutcome> Run(const LoadRun& wanted) {
  KALAM_TRY_ASSIGN(const auto workload, MakePgWorkload(wanted.workload, wanted.work));
  KALAM_TRY_ASSIGN(const Report report, DrivePostgres(*workload, wanted.drive));
  return LoadOutcome{.report = report,
                     .rows_per_request = workload->rows_per_request(),
                     .next_id = workload->next_id()};
}

}  // namespace
}  // namespace kalam::bench

int main(int argc, char** argv) {
  return kalam::bench::LoadMain(
      argc, argv,
      "Load generator for PostgreSQL: closed loop, prepared, binary, every answer checked.",
      kalam::bench::PgWorkloads(), kalam::bench::Run);
}
