// kalam-bench: load for a KalamDB server over HTTP. One workload per run.

#include "command_line.h"
#include "driver.h"
#include "workload.h"

namespace kalam::bench {
namespace {

Result<LoadOutcome> Run(const LoadRun& wanted) {
  KALAM_TRY_ASSIGN(const auto workload, MakeWorkload(wanted.workload, wanted.work));
  KALAM_TRY_ASSIGN(const Report report, Drive(*workload, wanted.drive));
  return LoadOutcome{.report = report,
                     .rows_per_request = workload->rows_per_request(),
                     .next_id = workload->next_id()};
}

}  // namespace
}  // namespace kalam::bench

int main(int argc, char** argv) {
  return kalam::bench::LoadMain(
      argc, argv, "Load generator for KalamDB: closed loop, keep-alive, every answer checked.",
      kalam::bench::Workloads(), kalam::bench::Run);
}
