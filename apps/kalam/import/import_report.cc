#include "import/import_report.h"

#include "exit_code.h"
#include "text_width.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <kalam/param.h>

namespace kalam::cli {

namespace {

constexpr std::size_t kMaxReasons = 20;
constexpr std::size_t kMaxPositions = 5;

std::string Rows(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " row" : " rows");
}

}  // namespace

Result<bool> ImportReport::OpenRejects(const std::string& path, const std::string& header) {
  rejects_.reset(std::fopen(path.c_str(), "w"));
  if (!rejects_) return UsageError("cannot write " + path + ": " + std::strerror(errno));
  rejects_path_ = path;
  rejects_header_ = header;
  return true;
}

void ImportReport::AddRefused(std::uint64_t position, std::string_view raw,
                              const std::string& reason) {
  if (rejects_) {
    if (refused_ == 0 && !rejects_header_.empty()) {
      std::fprintf(rejects_.get(), "%s\n", rejects_header_.c_str());
    }
    std::fwrite(raw.data(), 1, raw.size(), rejects_.get());
    std::fputc('\n', rejects_.get());
  }
  ++refused_;
  const std::string sort = SortOf(reason);
  auto found = std::find_if(reasons_.begin(), reasons_.end(),
                            [&](const Reason& known) { return known.sort == sort; });
  if (found == reasons_.end()) {
    if (reasons_.size() == kMaxReasons) {
      ++other_reasons_;
      return;
    }
    found = reasons_.insert(reasons_.end(), Reason{sort, reason, 0, {}});
  }
  ++found->count;
  if (found->positions.size() < kMaxPositions) found->positions.push_back(position);
}

// Quoted values differ from row to row, quoted column names tell the reasons apart.
std::string ImportReport::SortOf(const std::string& reason) const {
  std::string sort;
  std::size_t at = 0;
  while (at < reason.size()) {
    const char c = reason[at];
    const std::size_t close = c == '\'' || c == '"' ? reason.find(c, at + 1) : std::string::npos;
    if (close == std::string::npos) {
      sort += c;
      ++at;
      continue;
    }
    const std::string quoted = reason.substr(at + 1, close - at - 1);
    sort += table_->IndexOf(quoted) ? quoted : "?";
    at = close + 1;
  }
  return sort;
}

std::string ImportReport::Summary(double seconds, Format format) const {
  if (rejects_) std::fflush(rejects_.get());
  return format == Format::kJson ? JsonSummary(seconds) : TextSummary(seconds);
}

std::string ImportReport::TextSummary(double seconds) const {
  char speed[64];
  std::snprintf(speed, sizeof(speed), " (%.3f s, %.0f rows/s)\n", seconds,
                seconds > 0 ? static_cast<double>(total()) / seconds : 0.0);
  std::string text = table_->name + ": " + Rows(inserted_) + " inserted, " +
                     std::to_string(refused_) + " refused, " + std::to_string(already_there_) +
                     " already there" + speed;
  if (refused_ == 0) return text;
  text += "Refused:\n";
  for (const Reason& reason : reasons_) {
    text += "  " + Rows(reason.count) + ": ";
    AppendDisplayText(reason.example, &text);
    text += std::string("\n    at ") + position_unit_;
    for (std::size_t i = 0; i < reason.positions.size(); ++i) {
      text += (i == 0 ? " " : ", ") + std::to_string(reason.positions[i]);
    }
    if (reason.count > reason.positions.size()) text += ", ...";
    text += "\n";
  }
  if (other_reasons_ > 0) text += "  " + Rows(other_reasons_) + ": other reasons\n";
  if (rejects_) text += "Refused records are in " + rejects_path_ + "\n";
  return text;
}

std::string ImportReport::JsonSummary(double seconds) const {
  char took[32];
  std::snprintf(took, sizeof(took), "%.3f", seconds * 1000);
  std::string text = "{\"table\":";
  AppendJsonString(table_->name, &text);
  text += ",\"inserted\":" + std::to_string(inserted_) +
          ",\"refused\":" + std::to_string(refused_) +
          ",\"already_there\":" + std::to_string(already_there_) + ",\"took_ms\":" + took +
          ",\"reasons\":[";
  for (std::size_t r = 0; r < reasons_.size(); ++r) {
    text += r == 0 ? "{\"message\":" : ",{\"message\":";
    AppendJsonString(reasons_[r].example, &text);
    text += ",\"count\":" + std::to_string(reasons_[r].count) + ",\"" + position_unit_ + "s\":[";
    for (std::size_t i = 0; i < reasons_[r].positions.size(); ++i) {
      text += (i == 0 ? "" : ",") + std::to_string(reasons_[r].positions[i]);
    }
    text += "]}";
  }
  return text + "]}\n";
}

}  // namespace kalam::cli
