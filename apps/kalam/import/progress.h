#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace kalam::cli {

// Shows on standard error how far an import or export is: a bar that redraws itself on a terminal, a
// plain line every few seconds elsewhere. `label` stands before it.
class Progress {
 public:
  Progress(std::optional<std::uint64_t> total_bytes, bool terminal, std::string label = {});

  void Update(std::uint64_t bytes, std::uint64_t rows);
  // Removes the bar, so that other output starts on a clean line.
  void Clear();

  // The line itself: "[#####-----]  50 %  12.0 of 24.0 MB  85000 rows/s  ETA 0:12".
  static std::string Line(std::uint64_t bytes, std::optional<std::uint64_t> total_bytes,
                          std::uint64_t rows, double seconds);

 private:
  using Clock = std::chrono::steady_clock;

  std::optional<std::uint64_t> total_bytes_;
  bool terminal_;
  std::string label_;
  Clock::time_point started_ = Clock::now();
  Clock::time_point next_;
  bool shown_ = false;
};

}  // namespace kalam::cli
