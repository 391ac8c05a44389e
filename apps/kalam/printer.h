#pragma once

#include "settings.h"

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <kalam/error.h>
#include <kalam/response.h>

namespace kalam::cli {

// Text on its way to a file or terminal, written in large pieces.
class TextSink {
 public:
  // With no file the text only gathers in text(), for tests.
  explicit TextSink(std::FILE* file) : file_(file) {}
  ~TextSink() { Flush(); }
  TextSink(const TextSink&) = delete;
  TextSink& operator=(const TextSink&) = delete;

  std::string& text() { return text_; }
  void FlushIfLarge() {
    if (text_.size() >= kFlushBytes) Flush();
  }
  void Flush();

 private:
  static constexpr std::size_t kFlushBytes = 64 * 1024;

  std::FILE* file_;
  std::string text_;
};

// One line per column instead of one per row. kAuto: where the table would be wider than the terminal.
enum class Expanded { kOff, kOn, kAuto };

struct OutputStyle {
  Format format = Format::kTable;
  Expanded expanded = Expanded::kOff;
  bool timing = true;  // `Took: ...` after tables
  // Cells of a line: a table that is wider has its columns shortened. 0: as wide as it wants.
  std::size_t width = 0;
  // Rows of a page: then the person is asked whether to go on. 0: no pages.
  std::size_t page_rows = 0;
  bool color = false;
  // The output is a terminal: CSV must not carry control characters of the data to it.
  bool terminal = false;
};

// Cells of a line of the terminal that standard output is; 0: it is none. Asked anew each time: windows are resized.
std::size_t TerminalWidth();

// Prints results and errors in the chosen format. One thread.
class Printer {
 public:
  Printer(OutputStyle style, TextSink* out, OutputStyle error_style, TextSink* err)
      : style_(style), first_out_(out), out_(out), error_style_(error_style), err_(err) {}

  // The results of one request, then (tables only) its time.
  void PrintResponse(const Response& response);
  // Results alone, without the time.
  void PrintResult(const StatementResult& result);

  // A statement of a batch file: `Statement 1: <message>`.
  void PrintNumbered(std::size_t number, const StatementResult& result);
  void PrintCompleted(std::size_t statements, std::size_t failed, double seconds);
  void PrintStopped(std::size_t number);

  // `ERROR <code>: <message>` and `Details: ...` on standard error.
  void PrintError(const Error& error);

  const OutputStyle& style() const { return style_; }
  OutputStyle& style() { return style_; }

  // Results go to `out` from now on, which outlives that; null: to the first one again. Errors go where they went.
  void Redirect(TextSink* out) {
    out_->Flush();
    out_ = out != nullptr ? out : first_out_;
  }

  void Flush() {
    out_->Flush();
    err_->Flush();
  }

 private:
  void PrintTook(double took_ms);
  void PrintRows(const StatementResult& result);
  bool Expands(const StatementResult& result) const;
  // Where remarks belong that are not data: beside tables, but apart from JSON and CSV.
  TextSink& remarks() { return style_.format == Format::kTable ? *out_ : *err_; }

  OutputStyle style_;
  TextSink* const first_out_;
  TextSink* out_;
  OutputStyle error_style_;
  TextSink* err_;
};

// The pieces, also used alone by tests. `out` grows and is flushed as it gets large.
void PrintTable(const StatementResult& result, const OutputStyle& style, TextSink* out);
void PrintExpanded(const StatementResult& result, const OutputStyle& style, TextSink* out);
// Shortens the widest columns of a table, all to the same width, until it fits into `screen` cells with its borders. A
// column keeps 8 of them; where even that is too much, the last columns are dropped: how many is returned.
std::size_t FitColumns(std::size_t screen, std::vector<std::size_t>* widths);
// How wide PrintTable would draw it.
std::size_t TableWidth(const StatementResult& result);
// An array of row objects; with kNdjson each row is a line of its own.
void PrintJson(const StatementResult& result, TextSink* out, Format format = Format::kJson);
enum class CsvHeader { kPrinted, kOmitted };
void PrintCsv(const StatementResult& result, const OutputStyle& style, TextSink* out,
              CsvHeader header = CsvHeader::kPrinted);

}  // namespace kalam::cli
