#pragma once

#include "settings.h"

#include <cstdio>
#include <string>
#include <string_view>

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

struct OutputStyle {
  Format format = Format::kTable;
  bool color = false;
  // The output is a terminal: CSV must not carry control characters of the data to it.
  bool terminal = false;
};

// Prints results and errors in the chosen format. One thread.
class Printer {
 public:
  Printer(OutputStyle style, TextSink* out, OutputStyle error_style, TextSink* err)
      : style_(style), out_(out), error_style_(error_style), err_(err) {}

  // The results of one request, then (tables only) its time.
  void PrintResponse(const Response& response);
  // Results alone, without the time.
  void PrintResult(const StatementResult& result);

  // A statement of a batch file: `Statement 1: <message>`.
  void PrintNumbered(std::size_t number, const StatementResult& result);
  void PrintCompleted(std::size_t statements, double seconds);
  void PrintStopped(std::size_t number);

  // `ERROR <code>: <message>` and `Details: ...` on standard error.
  void PrintError(const Error& error);

  const OutputStyle& style() const { return style_; }

  void Flush() {
    out_->Flush();
    err_->Flush();
  }

 private:
  void PrintTook(double took_ms);
  // Where remarks belong that are not data: beside tables, but apart from JSON and CSV.
  TextSink& remarks() { return style_.format == Format::kTable ? *out_ : *err_; }

  OutputStyle style_;
  TextSink* out_;
  OutputStyle error_style_;
  TextSink* err_;
};

// The pieces, also used alone by tests. `out` grows and is flushed as it gets large.
void PrintTable(const StatementResult& result, const OutputStyle& style, TextSink* out);
void PrintJson(const StatementResult& result, TextSink* out);
enum class CsvHeader { kPrinted, kOmitted };
void PrintCsv(const StatementResult& result, const OutputStyle& style, TextSink* out,
              CsvHeader header = CsvHeader::kPrinted);
// One value as JSON, numbers digit for digit.
void AppendJsonCell(const Cell& cell, std::string* out);

}  // namespace kalam::cli
