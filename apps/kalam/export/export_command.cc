#include "export/export_command.h"

#include "export/file_format.h"
#include "export/output_file.h"
#include "export/parquet_rows.h"
#include "export/table_pages.h"
#include "export/text_rows.h"
#include "import/progress.h"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace kalam::cli {

namespace {

// What one file is made of.
struct TableFile {
  std::string table;  // "ns.table" or "table"
  std::string path;   // "-" is standard output
  FileFormat format = FileFormat::kCsv;
  std::string where;
  int page_rows = 0;
};

// Returns the number of rows.
Result<std::uint64_t> WriteTable(const Client& client, const TableFile& file, Progress& progress) {
  const bool parquet = file.format == FileFormat::kParquet;
  if (parquet && file.path == "-") return UsageError("Parquet goes to a file, not to standard output");
  auto pages = TablePages::Open(client, file.table, file.where, file.page_rows);
  if (!pages) return pages.error();
  OutputFile output(file.path);
  if (output.get() == nullptr) return UsageError(output.Why());

  const NextPage next = [&] {
    auto page = pages->Next();
    if (page) progress.Update(pages->bytes(), pages->rows());
    return page;
  };
  const auto error =
      parquet ? WriteParquet(pages->table(), next, output.part_path()) : WriteText(file.format, next, output.get());
  if (error) return *error;
  if (const std::string problem = output.Keep(); !problem.empty()) return UsageError(problem);
  return pages->rows();
}

ExitCode Fail(const Error& error, Printer& printer) {
  printer.PrintError(error);
  return ExitCodeOf(error);
}

ExitCode ExportOne(const Client& client, const ExportOptions& options, bool progress_on_terminal, Printer& printer) {
  const auto format = FormatOf(options.file, options.output_format);
  if (!format) return Fail(format.error(), printer);
  Progress progress(std::nullopt, progress_on_terminal && options.file != "-");
  const auto rows =
      WriteTable(client, {options.table, options.file, *format, options.where, options.page_rows}, progress);
  progress.Clear();
  if (!rows) return Fail(rows.error(), printer);
  std::fprintf(stderr, "%llu row%s exported\n", static_cast<unsigned long long>(*rows), *rows == 1 ? "" : "s");
  return ExitCode::kOk;
}

// As "ns.table". The server lists only what the user may use.
Result<std::vector<std::string>> UserTables(const Client& client) {
  const auto answer = client.Query(
      "SELECT namespace, table_name FROM system.tables WHERE table_type = 'user' ORDER BY namespace, table_name");
  if (!answer) return answer.error();
  std::vector<std::string> tables;
  for (const Row row : answer->results.front().rows) {
    tables.push_back(std::string(row[0].text()) + "." + std::string(row[1].text()));
    // It becomes the name of a file, which must not lead out of the folder.
    if (tables.back().find('/') != std::string::npos) return UsageError("no name of a table: " + tables.back());
  }
  return tables;
}

ExitCode ExportAll(const Client& client, const ExportOptions& options, bool progress_on_terminal, Printer& printer) {
  const std::filesystem::path folder = options.all_folder;
  const FileFormat format = FileFormatNamed(options.output_format).value_or(FileFormat::kCsv);
  const auto tables = UserTables(client);
  if (!tables) return Fail(tables.error(), printer);
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) return Fail(UsageError("cannot make " + folder.string() + ": " + problem.message()), printer);

  ExitCode first_failure = ExitCode::kOk;
  std::size_t written = 0;
  std::uint64_t total_rows = 0;
  for (const std::string& table : *tables) {
    Progress progress(std::nullopt, progress_on_terminal, table);
    const std::string name = table + "." + std::string(NameOf(format));
    const auto rows = WriteTable(client, {table, (folder / name).string(), format, "", options.page_rows}, progress);
    progress.Clear();
    if (rows) {
      ++written;
      total_rows += *rows;
      continue;
    }
    Error error = rows.error();
    error.message = table + ": " + error.message;
    const ExitCode code = Fail(error, printer);
    if (first_failure == ExitCode::kOk) first_failure = code;
  }
  printer.Flush();
  std::fprintf(stderr, "%llu rows of %zu %s exported", static_cast<unsigned long long>(total_rows), written,
               written == 1 ? "table" : "tables");
  if (const std::size_t failed = tables->size() - written; failed > 0) std::fprintf(stderr, ", %zu failed", failed);
  std::fputs("\n", stderr);
  return first_failure;
}

}  // namespace

ExitCode RunExport(const Client& client, const ExportOptions& options, bool progress_on_terminal, Printer& printer) {
  if (!options.all_folder.empty()) return ExportAll(client, options, progress_on_terminal, printer);
  return ExportOne(client, options, progress_on_terminal, printer);
}

}  // namespace kalam::cli
