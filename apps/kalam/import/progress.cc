#include "import/progress.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace kalam::cli {

namespace {

constexpr int kBarCells = 24;
constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::milliseconds kPlainLine{5000};

std::string Format(const char* format, double value) {
  char text[48];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

}  // namespace

Progress::Progress(std::optional<std::uint64_t> total_bytes, bool terminal, std::string label)
    : total_bytes_(total_bytes),
      terminal_(terminal),
      label_(label.empty() ? "" : std::move(label) + "  "),
      next_(started_ + (terminal ? kRedraw : kPlainLine)) {}

void Progress::Update(std::uint64_t bytes, std::uint64_t rows) {
  const auto now = Clock::now();
  if (now < next_) return;
  next_ = now + (terminal_ ? kRedraw : kPlainLine);
  const std::chrono::duration<double> elapsed = now - started_;
  const std::string line = label_ + Line(bytes, total_bytes_, rows, elapsed.count());
  std::fprintf(stderr, terminal_ ? "\r%s\x1b[K" : "%s\n", line.c_str());
  std::fflush(stderr);
  shown_ = true;
}

void Progress::Clear() {
  if (!terminal_ || !shown_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  shown_ = false;
}

std::string Progress::Line(std::uint64_t bytes, std::optional<std::uint64_t> total_bytes,
                           std::uint64_t rows, double seconds) {
  const double megabytes = static_cast<double>(bytes) / 1e6;
  const double rate = seconds > 0 ? static_cast<double>(rows) / seconds : 0;
  const std::string speed = Format("%.0f rows/s", rate);
  if (!total_bytes || *total_bytes == 0) {
    return Format("%.1f MB  ", megabytes) + std::to_string(rows) + " rows  " + speed;
  }
  const double done = std::min(1.0, static_cast<double>(bytes) / static_cast<double>(*total_bytes));
  const int cells = static_cast<int>(done * kBarCells);
  std::string line = "[" + std::string(static_cast<std::size_t>(cells), '#') +
                     std::string(static_cast<std::size_t>(kBarCells - cells), '-') + "] ";
  line += Format("%3.0f %%  ", done * 100) + Format("%.1f of ", megabytes) +
          Format("%.1f MB  ", static_cast<double>(*total_bytes) / 1e6) + speed;
  if (done > 0 && done < 1) {
    const auto left = static_cast<long>(seconds / done * (1 - done) + 0.5);
    char eta[32];
    std::snprintf(eta, sizeof(eta), "  ETA %ld:%02ld", left / 60, left % 60);
    line += eta;
  }
  return line;
}

}  // namespace kalam::cli
