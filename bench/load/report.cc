#include "report.h"

#include <cstdio>

#include <fmt/format.h>

namespace kalam::bench {
namespace {

double Microseconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1000; }

void PrintTable(const RunInfo& info, const Report& report) {
  const auto& latency = report.latency;
  const double rate = static_cast<double>(report.requests) / report.seconds;
  fmt::print(stderr, "{}: {} connections, {:.1f} s\n", info.workload, info.connections,
             report.seconds);
  fmt::print(stderr, "  {:.0f} requests/s", rate);
  if (info.rows_per_request > 1) {
    fmt::print(stderr, ", {:.0f} rows/s", rate * static_cast<double>(info.rows_per_request));
  }
  fmt::print(stderr,
             "\n  latency us: mean {:.0f}  p50 {:.0f}  p90 {:.0f}  p99 {:.0f}  p99.9 {:.0f}  "
             "max {:.0f}\n",
             latency.mean() / 1000, Microseconds(latency.Quantile(0.5)),
             Microseconds(latency.Quantile(0.9)), Microseconds(latency.Quantile(0.99)),
             Microseconds(latency.Quantile(0.999)), Microseconds(latency.max()));
  if (report.failures > 0) {
    fmt::print(stderr, "  WRONG ANSWERS: {}\n  first: {}\n", report.failures, report.first_failure);
  }
}

void PrintJson(const RunInfo& info, const Report& report) {
  const auto& latency = report.latency;
  const double rate = static_cast<double>(report.requests) / report.seconds;
  fmt::print(
      R"({{"workload":"{}","connections":{},"threads":{},"seconds":{:.4f},"requests":{},)"
      R"("requests_per_s":{:.1f},"rows_per_s":{:.1f},"latency_us":{{"mean":{:.1f},"p50":{:.1f},)"
      R"("p90":{:.1f},"p99":{:.1f},"p99_9":{:.1f},"max":{:.1f}}},"failures":{},"next_id":{}}})"
      "\n",
      info.workload, info.connections, info.threads, report.seconds, report.requests, rate,
      rate * static_cast<double>(info.rows_per_request), latency.mean() / 1000,
      Microseconds(latency.Quantile(0.5)), Microseconds(latency.Quantile(0.9)),
      Microseconds(latency.Quantile(0.99)), Microseconds(latency.Quantile(0.999)),
      Microseconds(latency.max()), report.failures, info.next_id);
}

}  // namespace

void Print(const RunInfo& info, const Report& report) {
  PrintTable(info, report);
  PrintJson(info, report);
}

}  // namespace kalam::bench
