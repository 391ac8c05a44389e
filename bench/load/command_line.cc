#include "command_line.h"

#include "report.h"

#include <chrono>
#include <cstdio>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace kalam::bench {
namespace {

std::string WorkloadHelp(const std::vector<WorkloadInfo>& workloads) {
  std::string help = "\nWorkloads:\n";
  for (const auto& [name, what] : workloads) help += fmt::format("  {:<20} {}\n", name, what);
  return help;
}

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

}  // namespace

int LoadMain(int argc, char** argv, const std::string& about,
             const std::vector<WorkloadInfo>& workloads,
             const std::function<Result<LoadOutcome>(const LoadRun&)>& run) {
  CLI::App app{about};
  app.footer(WorkloadHelp(workloads));
  LoadRun wanted;
  DriveOptions& drive = wanted.drive;
  WorkloadOptions& work = wanted.work;
  double warmup_seconds = 1;
  double measure_seconds = 5;
  app.add_option("workload", wanted.workload, "what to do")->required();
  app.add_option("--host", drive.host, "IPv4 address of the server")->capture_default_str();
  app.add_option("--port", drive.port)->capture_default_str();
  app.add_option("--connections", drive.connections, "one request outstanding on each")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000));
  app.add_option("--threads", drive.threads)->capture_default_str()->check(CLI::Range(1, 64));
  app.add_option("--warmup", warmup_seconds, "seconds before counting")->capture_default_str();
  app.add_option("--seconds", measure_seconds, "seconds counted")->capture_default_str();
  app.add_option("--table", work.table)->capture_default_str();
  app.add_option("--rows", work.rows, "rows to load, or rows that are there to read");
  app.add_option("--first-id", work.first_id, "id of the first row; ids have ten digits");
  app.add_option("--users", work.users, "user of an id: (id / rows-per-user) % users")
      ->capture_default_str();
  app.add_option("--rows-per-user", work.rows_per_user)->capture_default_str();
  app.add_option("--batch", work.batch, "rows per statement")->capture_default_str();
  app.add_option("--secret", work.secret, "the server's jwt_secret")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  drive.warmup = Milliseconds(warmup_seconds);
  drive.measure = Milliseconds(measure_seconds);
  if (wanted.workload == "load") {  // counts everything and takes as long as it takes
    drive.warmup = std::chrono::milliseconds(0);
    drive.measure = std::chrono::hours(24);
  }
  work.host = fmt::format("{}:{}", drive.host, drive.port);

  const auto outcome = run(wanted);
  if (!outcome) {
    fmt::print(stderr, "{}: {}: {}\n", argv[0], wanted.workload, outcome.error().message());
    return 1;
  }
  Print({.workload = wanted.workload,
         .connections = drive.connections,
         .threads = drive.threads,
         .rows_per_request = outcome->rows_per_request,
         .next_id = outcome->next_id},
        outcome->report);
  return outcome->report.failures == 0 ? 0 : 1;
}

}  // namespace kalam::bench
