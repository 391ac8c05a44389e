// kalam-bench: load for a KalamDB server over HTTP. One workload per run; a table for people on
// stderr, one line of JSON for scripts on stdout. Exit code 1 when an answer was wrong.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "driver.h"
#include "workload.h"

namespace kalam::bench {
namespace {

double Microseconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1000; }

void PrintTable(std::string_view name, const DriveOptions& options, const Workload& workload,
                const Report& report) {
  const auto& latency = report.latency;
  const double rate = static_cast<double>(report.requests) / report.seconds;
  fmt::print(stderr, "{}: {} connections, {:.1f} s\n", name, options.connections, report.seconds);
  fmt::print(stderr, "  {:.0f} requests/s", rate);
  if (workload.rows_per_request() > 1) {
    fmt::print(stderr, ", {:.0f} rows/s", rate * static_cast<double>(workload.rows_per_request()));
  }
  fmt::print(stderr,
             "\n  latency us: mean {:.0f}  p50 {:.0f}  p90 {:.0f}  p99 {:.0f}  p99.9 {:.0f}  "
             "max {:.0f}\n",
             latency.mean() / 1000, Microseconds(latency.Quantile(0.5)),
             Microseconds(latency.Quantile(0.9)), Microseconds(latency.Quantile(0.99)),
             Microseconds(latency.Quantile(0.999)), Microseconds(latency.max()));
  if (report.failures > 0) {
    fmt::print(stderr, "  WRONG ANSWERS: {}\n  first: {}\n", report.failures,
               report.first_failure);
  }
}

void PrintJson(std::string_view name, const DriveOptions& options, const Workload& workload,
               const Report& report) {
  const auto& latency = report.latency;
  const double rate = static_cast<double>(report.requests) / report.seconds;
  fmt::print(
      R"({{"workload":"{}","connections":{},"threads":{},"seconds":{:.4f},"requests":{},)"
      R"("requests_per_s":{:.1f},"rows_per_s":{:.1f},"latency_us":{{"mean":{:.1f},"p50":{:.1f},)"
      R"("p90":{:.1f},"p99":{:.1f},"p99_9":{:.1f},"max":{:.1f}}},"failures":{},"next_id":{}}})"
      "\n",
      name, options.connections, options.threads, report.seconds, report.requests, rate,
      rate * static_cast<double>(workload.rows_per_request()), latency.mean() / 1000,
      Microseconds(latency.Quantile(0.5)), Microseconds(latency.Quantile(0.9)),
      Microseconds(latency.Quantile(0.99)), Microseconds(latency.Quantile(0.999)),
      Microseconds(latency.max()), report.failures, workload.next_id());
}

std::string WorkloadHelp() {
  std::string help = "\nWorkloads:\n";
  for (const auto& [name, what] : Workloads()) help += fmt::format("  {:<20} {}\n", name, what);
  return help;
}

int Main(int argc, char** argv) {
  CLI::App app{"Load generator for KalamDB: closed loop, keep-alive, every answer checked."};
  app.footer(WorkloadHelp());
  std::string name;
  DriveOptions drive;
  WorkloadOptions work;
  double warmup_seconds = 1;
  double measure_seconds = 5;
  app.add_option("workload", name, "what to do")->required();
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

  const auto milliseconds = [](double seconds) {
    return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
  };
  drive.warmup = milliseconds(warmup_seconds);
  drive.measure = milliseconds(measure_seconds);
  if (name == "load") {  // counts everything and takes as long as it takes
    drive.warmup = milliseconds(0);
    drive.measure = std::chrono::hours(24);
  }
  work.host = fmt::format("{}:{}", drive.host, drive.port);

  auto workload = MakeWorkload(name, work);
  if (!workload) {
    fmt::print(stderr, "kalam-bench: {}\n", workload.error().message());
    return 2;
  }
  const auto report = Drive(**workload, drive);
  if (!report) {
    fmt::print(stderr, "kalam-bench: {}: {}\n", name, report.error().message());
    return 1;
  }
  PrintTable(name, drive, **workload, *report);
  PrintJson(name, drive, **workload, *report);
  return report->failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace kalam::bench

int main(int argc, char** argv) { return kalam::bench::Main(argc, argv); }
