#include "ping_command.h"

#include "interrupt.h"
#include "text_width.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include <kalam/param.h>

namespace kalam::cli {

namespace {

constexpr std::chrono::milliseconds kPause{1'000};

std::string Milliseconds(double ms) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3f", ms);
  return text;
}

void Print(const Client& client, const HealthStatus& health, double ms, const OutputStyle& style) {
  std::string line;
  if (style.format == Format::kJson || style.format == Format::kNdjson) {
    line = "{\"url\":";
    AppendJsonString(client.url(), &line);
    line += ",\"status\":";
    AppendJsonString(health.status, &line);
    line += ",\"version\":";
    AppendJsonString(health.version, &line);
    line += ",\"latency_ms\":" + Milliseconds(ms) + "}\n";
  } else {
    line = client.url() + " " + ToDisplayText(health.status).text + ", version " + ToDisplayText(health.version).text +
           ", up " + std::to_string(health.uptime_seconds) + " s, " + Milliseconds(ms) + " ms\n";
  }
  std::fputs(line.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

ExitCode RunPing(const Settings& settings, const PingOptions& ping, Printer& printer) {
  Settings once = settings;
  once.max_retries = 0;  // what is asked is whether it answers now
  const auto client = Connect(once);
  if (!client) {
    printer.PrintError(client.error());
    return ExitCodeOf(client.error());
  }
  const Interrupt interrupt;
  std::vector<double> times;
  ExitCode last = ExitCode::kOk;
  for (int i = 0; i < ping.count; ++i) {
    if (i > 0 && interrupt.WaitFor(kPause)) break;
    const auto started = std::chrono::steady_clock::now();
    const auto health = client->Health();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - started;
    if (!health) {
      printer.PrintError(health.error());
      last = ExitCodeOf(health.error());
      continue;
    }
    times.push_back(took.count());
    Print(*client, *health, took.count(), printer.style());
    last = health->healthy() ? ExitCode::kOk : ExitCode::kConnection;
  }
  if (times.size() > 1 && printer.style().format == Format::kTable) {
    std::ranges::sort(times);
    std::printf("%zu answers: min %.3f, median %.3f, max %.3f ms\n", times.size(), times.front(),
                times[times.size() / 2], times.back());
  }
  return last;
}

}  // namespace kalam::cli
