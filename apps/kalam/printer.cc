#include "printer.h"

#include "exit_code.h"
#include "text_width.h"

#include <kalam/param.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace kalam::cli {

namespace {

constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kReset = "\x1b[0m";

void AppendColored(std::string_view text, std::string_view color, bool on, std::string* out) {
  if (on) out->append(color);
  out->append(text);
  if (on) out->append(kReset);
}

}  // namespace

std::size_t TerminalWidth() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void TextSink::Flush() {
  if (file_ == nullptr || text_.empty()) return;
  std::fwrite(text_.data(), 1, text_.size(), file_);
  std::fflush(file_);
  text_.clear();
}

void Printer::PrintResponse(const Response& response) {
  bool first = true;
  for (const StatementResult& result : response.results) {
    if (!first && style_.format == Format::kTable) out_->text() += "\n";
    first = false;
    PrintResult(result);
  }
  PrintTook(response.took_ms);
}

void Printer::PrintResult(const StatementResult& result) {
  if (style_.format == Format::kJson || style_.format == Format::kNdjson) {
    PrintJson(result, out_, style_.format);
    return;
  }
  if (result.has_rows) {
    if (style_.format == Format::kCsv) {
      PrintCsv(result, style_, out_);
    } else {
      PrintRows(result);
    }
    return;
  }
  std::string& text = remarks().text();
  if (!result.message.empty()) {
    AppendMessage(result.message, &text);
    text += "\n";
  }
  if (style_.format == Format::kTable) {
    const std::string ok = "Query OK, " + std::to_string(result.row_count) + " rows affected";
    AppendColored(ok, kGreen, style_.color, &text);
    text += "\n";
  }
}

void Printer::PrintRows(const StatementResult& result) {
  OutputStyle style = style_;
  if (style.terminal) style.width = TerminalWidth();
  if (!style.terminal || isatty(STDIN_FILENO) == 0) style.page_rows = 0;
  if (Expands(result)) {
    PrintExpanded(result, style, out_);
  } else {
    PrintTable(result, style, out_);
  }
}

bool Printer::Expands(const StatementResult& result) const {
  if (style_.expanded != Expanded::kAuto) return style_.expanded == Expanded::kOn;
  const std::size_t screen = style_.terminal ? TerminalWidth() : 0;
  return screen > 0 && TableWidth(result) > screen;
}

void Printer::PrintTook(double took_ms) {
  if (style_.format != Format::kTable || !style_.timing) return;
  char took[64];
  std::snprintf(took, sizeof(took), "Took: %.3f ms", took_ms);
  out_->text() += "\n";
  AppendColored(took, kDim, style_.color, &out_->text());
  out_->text() += "\n";
}

void Printer::PrintNumbered(std::size_t number, const StatementResult& result) {
  if (style_.format == Format::kTable) {
    std::string& text = out_->text();
    text += "Statement " + std::to_string(number) + ":";
    if (!result.has_rows) {
      text += " ";
      AppendMessage(result.message.empty() ? "OK" : result.message, &text);
    }
    text += "\n";
    if (!result.has_rows) return;
  }
  PrintResult(result);
}

void Printer::PrintCompleted(std::size_t statements, std::size_t failed, double seconds) {
  if (style_.format != Format::kTable) return;
  char line[96];
  std::snprintf(line, sizeof(line), "Completed %zu statement%s in %.3fs", statements, statements == 1 ? "" : "s",
                seconds);
  out_->text() += line;
  if (failed > 0) out_->text() += ", " + std::to_string(failed) + " failed";
  out_->text() += "\n";
}

void Printer::PrintStopped(std::size_t number) {
  remarks().text() += "Stopped at statement " + std::to_string(number) + " due to error.\n";
}

void Printer::PrintError(const Error& error) {
  out_->Flush();
  std::string& text = err_->text();
  AppendColored("ERROR " + CodeOf(error) + ":", kRed, error_style_.color, &text);
  text += " ";
  AppendMessage(error.message, &text);
  text += "\n";
  if (!error.details.empty()) {
    text += "Details: ";
    AppendMessage(error.details, &text);
    text += "\n";
  }
  err_->Flush();
}

}  // namespace kalam::cli
