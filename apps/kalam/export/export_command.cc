#include "export/export_command.h"

#include "import/progress.h"
#include "import/target_table.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

namespace kalam::cli {

namespace {

enum class FileFormat { kCsv, kJson, kNdjson };

Result<FileFormat> FormatOf(const ExportOptions& options) {
  const auto ends_with = [&](std::string_view end) {
    return std::string_view(options.file).ends_with(end);
  };
  const std::string& given = options.output_format;
  if (given == "csv" || (given.empty() && ends_with(".csv"))) return FileFormat::kCsv;
  if (given == "json" || (given.empty() && ends_with(".json"))) return FileFormat::kJson;
  if (given == "ndjson" || (given.empty() && (ends_with(".ndjson") || ends_with(".jsonl"))))
    return FileFormat::kNdjson;
  return UsageError("cannot tell the format of '" + options.file +
                    "' from its name: give --output-format csv, json or ndjson");
}

// Writes rows as they come.
class RowWriter {
 public:
  RowWriter(FileFormat format, std::FILE* file) : format_(format), sink_(file) {
    if (format_ == FileFormat::kJson) sink_.text() += "[";
  }

  void Write(const StatementResult& page) {
    if (format_ == FileFormat::kCsv) {
      PrintCsv(page, OutputStyle(), &sink_, any_ ? CsvHeader::kOmitted : CsvHeader::kPrinted);
      any_ = true;
      return;
    }
    const auto& columns = page.rows.columns();
    std::string& text = sink_.text();
    for (const Row row : page.rows) {
      if (format_ == FileFormat::kJson) text += any_ ? ",\n" : "\n";
      any_ = true;
      text += '{';
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) text += ',';
        AppendJsonString(columns[i], &text);
        text += ':';
        AppendJsonCell(row[i], &text);
      }
      text += format_ == FileFormat::kJson ? "}" : "}\n";
      sink_.FlushIfLarge();
    }
  }
  void Finish() {
    if (format_ == FileFormat::kJson) sink_.text() += "\n]\n";
    sink_.Flush();
  }

 private:
  const FileFormat format_;
  TextSink sink_;
  bool any_ = false;
};

// "-" is standard output. Removed unless Keep succeeds.
class OutputFile {
 public:
  explicit OutputFile(std::string path) : path_(std::move(path)), part_(path_ + ".part") {
    file_ = path_ == "-" ? stdout : std::fopen(part_.c_str(), "wb");
  }
  ~OutputFile() {
    if (file_ == nullptr || file_ == stdout) return;
    std::fclose(file_);
    std::remove(part_.c_str());
  }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  std::FILE* get() const { return file_; }

  // The text of what went wrong; empty: nothing.
  std::string Keep() {
    bool written = std::fflush(file_) == 0 && std::ferror(file_) == 0;
    if (file_ == stdout) return written ? "" : Why();
    written = written && ::fsync(::fileno(file_)) == 0;
    if (!written) return Why();
    if (std::rename(part_.c_str(), path_.c_str()) != 0) return Why();
    std::fclose(std::exchange(file_, nullptr));
    return "";
  }
  std::string Why() const { return "cannot write " + path_ + ": " + std::strerror(errno); }

 private:
  const std::string path_;
  const std::string part_;
  std::FILE* file_ = nullptr;
};

std::string PageQuery(const TargetTable& table, const ExportOptions& options,
                      const std::string& key, bool first) {
  std::string sql = "SELECT ";
  for (const TargetColumn& column : table.columns) {
    if (&column != table.columns.data()) sql += ", ";
    sql += QuoteIdentifier(column.name);
  }
  sql += " FROM " + table.name;
  std::string where = options.where.empty() ? "" : "(" + options.where + ")";
  if (!first) where += (where.empty() ? "" : " AND ") + key + " > $1";
  if (!where.empty()) sql += " WHERE " + where;
  return sql + " ORDER BY " + key + " LIMIT " + std::to_string(options.page_rows);
}

Param KeyParam(const Cell& cell) {
  if (const auto number = cell.AsInt64()) return Param(*number);
  return Param(cell.text());
}

}  // namespace

ExitCode RunExport(const Client& client, const ExportOptions& options, bool progress_on_terminal,
                   Printer& printer) {
  const auto fail = [&](const Error& error) {
    printer.PrintError(error);
    return ExitCodeOf(error);
  };
  const auto format = FormatOf(options);
  if (!format) return fail(format.error());
  const auto table = DescribeTable(client, options.table);
  if (!table) return fail(table.error());
  const auto key_column = table->primary_key();
  if (!key_column) return fail(UsageError("table " + options.table + " has no primary key"));
  const std::string key = QuoteIdentifier(table->columns[*key_column].name);
  OutputFile file(options.file);
  if (file.get() == nullptr) return fail(UsageError(file.Why()));

  RowWriter writer(*format, file.get());
  Progress progress(std::nullopt, progress_on_terminal && options.file != "-");
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::vector<Param> last;
  while (true) {
    const std::string sql = PageQuery(*table, options, key, last.empty());
    const auto page = last.empty() ? client.Query(sql) : client.Query(sql, last);
    if (!page) {
      progress.Clear();
      return fail(page.error());
    }
    const StatementResult& result = page->results.front();
    writer.Write(result);
    rows += result.rows.size();
    bytes += result.rows.text_bytes();
    progress.Update(bytes, rows);
    if (result.rows.size() < static_cast<std::size_t>(options.page_rows)) break;
    last = {KeyParam(result.rows[result.rows.size() - 1][*key_column])};
  }
  writer.Finish();
  progress.Clear();
  if (const std::string problem = file.Keep(); !problem.empty()) return fail(UsageError(problem));
  std::fprintf(stderr, "%llu rows exported\n", static_cast<unsigned long long>(rows));
  return ExitCode::kOk;
}

}  // namespace kalam::cli
