#include "import/import_command.h"

#include "import/batch_loader.h"
#include "import/progress.h"
#include "import/record_reader.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <map>

namespace kalam::cli {

namespace {

// Well below the server's 16 MiB for a request, so that memory and latency stay small on both
// sides.
constexpr std::size_t kMaxBatchBytes = 3'500'000;
// Batches being filled at one time: one per set of columns that records have.
constexpr std::size_t kMaxOpenBatches = 64;

bool HasExtension(const std::string& file, std::string_view extension) {
  if (file.size() < extension.size()) return false;
  return std::equal(extension.begin(), extension.end(),
                    file.end() - static_cast<std::ptrdiff_t>(extension.size()), [](char a, char b) {
                      return a == std::tolower(static_cast<unsigned char>(b));
                    });
}

Result<std::string> InputFormat(const ImportOptions& options) {
  if (!options.input_format.empty()) return options.input_format;
  const std::string& file = options.file;
  if (HasExtension(file, ".csv") || HasExtension(file, ".tsv")) return std::string("csv");
  if (HasExtension(file, ".ndjson") || HasExtension(file, ".jsonl")) return std::string("ndjson");
  if (HasExtension(file, ".json")) return std::string("json");
  return UsageError("cannot tell the format of '" + file +
                    "' from its name: give --input-format csv, json or ndjson");
}

Result<char> Delimiter(const ImportOptions& options) {
  const std::string& given = options.delimiter;
  if (given.empty()) return HasExtension(options.file, ".tsv") ? '\t' : ',';
  if (given == "tab" || given == "\\t") return '\t';
  if (given.size() == 1 && given != "\"" && given != "\n" && given != "\r") return given[0];
  return UsageError("--delimiter takes one character, or tab");
}

Result<std::unique_ptr<RecordReader>> OpenReader(const ImportOptions& options, InputWindow* input) {
  auto format = InputFormat(options);
  if (!format) return std::move(format).error();
  if (*format == "ndjson") return OpenJson(input, JsonLayout::kLines);
  if (*format == "json") {
    const JsonLayout layout = GuessJsonLayout(input);
    return OpenJson(input, layout);
  }
  auto delimiter = Delimiter(options);
  if (!delimiter) return std::move(delimiter).error();
  CsvFormat csv;
  csv.delimiter = *delimiter;
  csv.null_text = options.null_text;
  if (options.no_header) {
    if (options.columns.empty())
      return UsageError("--no-header needs --columns to name the fields");
    csv.names_if_no_header = options.columns;
  }
  return OpenCsv(input, csv);
}

// One run: records flow from the reader through the encoder into batches, one per set of columns.
class Import {
 public:
  Import(RecordReader& reader, RowEncoder encoder, BatchLoader loader, ImportReport* report,
         std::size_t batch_rows)
      : reader_(reader),
        encoder_(std::move(encoder)),
        loader_(std::move(loader)),
        report_(report),
        batch_rows_(batch_rows) {}

  std::optional<Error> Run(InputWindow& input, Progress* progress) {
    Record record;
    while (true) {
      auto more = reader_.Next(&record);
      if (!more || !*more) {
        if (auto failed = LoadAll()) return failed;
        return more ? std::nullopt : std::optional(std::move(more).error());
      }
      if (auto failed = Add(record)) return failed;
      progress->Update(input.consumed_bytes(), report_->total());
    }
  }

  const RowEncoder& encoder() const { return encoder_; }
  // Whether any record so far had a primary key, by which a second run knows it again.
  bool saw_keys() const { return saw_keys_; }

 private:
  struct OpenBatch {
    std::vector<EncodedRow> rows;
    std::size_t bytes = 0;
  };

  std::optional<Error> Add(const Record& record) {
    EncodedRow row;
    const std::string problem = encoder_.Encode(record, reader_, &row, &columns_);
    if (!problem.empty()) {
      report_->AddRefused(record.position, record.raw, problem);
      return std::nullopt;
    }
    saw_keys_ = saw_keys_ || row.key.has_value();
    if (report_->keeps_rejects()) row.raw = record.raw;
    if (!open_.contains(columns_) && open_.size() == kMaxOpenBatches) {
      if (auto failed = LoadAll()) return failed;
    }
    OpenBatch& batch = open_[columns_];
    if (!batch.rows.empty() && batch.bytes + row.json_bytes > kMaxBatchBytes) {
      if (auto failed = LoadOne(columns_, &batch)) return failed;
    }
    batch.bytes += row.json_bytes + 1;
    batch.rows.push_back(std::move(row));
    if (batch.rows.size() < batch_rows_) return std::nullopt;
    return LoadOne(columns_, &batch);
  }

  std::optional<Error> LoadOne(const ColumnSet& columns, OpenBatch* batch) {
    OpenBatch full = std::exchange(*batch, OpenBatch());
    return loader_.Load(columns, std::move(full.rows));
  }

  std::optional<Error> LoadAll() {
    for (auto& [columns, batch] : open_) {
      if (batch.rows.empty()) continue;
      if (auto failed = LoadOne(columns, &batch)) return failed;
    }
    open_.clear();
    return std::nullopt;
  }

  RecordReader& reader_;
  RowEncoder encoder_;
  BatchLoader loader_;
  ImportReport* report_;
  std::size_t batch_rows_;
  std::map<ColumnSet, OpenBatch> open_;
  ColumnSet columns_;
  bool saw_keys_ = false;
};

void NoteSkippedFields(const std::vector<std::string>& fields) {
  for (const std::string& field : fields) {
    std::fprintf(stderr, "Note: field '%s' is skipped, the server keeps it itself\n",
                 field.c_str());
  }
}

void NoteNotResumable(const TargetTable& table) {
  const auto key = table.primary_key();
  if (!key) return;
  std::fprintf(stderr,
               "Note: the file has no values for the primary key '%s', so this import can't be "
               "resumed: running it again loads the rows again\n",
               table.columns[*key].name.c_str());
}

}  // namespace

ExitCode RunImport(const Client& client, const ImportOptions& options, Format format,
                   bool progress_on_terminal, Printer& printer) {
  const auto fail = [&](const Error& error) {
    printer.PrintError(error);
    return ExitCodeOf(error);
  };
  const auto input = InputWindow::Open(options.file);
  if (!input) return fail(input.error());
  const auto reader = OpenReader(options, input->get());
  if (!reader) return fail(reader.error());
  const auto table = DescribeTable(client, options.table);
  if (!table) return fail(table.error());
  auto encoder = RowEncoder::Create(*table, options, **reader);
  if (!encoder) return fail(encoder.error());
  ImportReport report(*table, (*reader)->position_unit());
  if (!options.rejects_file.empty()) {
    const auto opened = report.OpenRejects(options.rejects_file, (*reader)->rejects_header());
    if (!opened) return fail(opened.error());
  }

  const auto started = std::chrono::steady_clock::now();
  Progress progress((*input)->total_bytes(), progress_on_terminal);
  const auto query = [&client](std::string_view sql) { return client.Query(sql); };
  Import import(**reader, *std::move(encoder), BatchLoader(query, *table, &report), &report,
                static_cast<std::size_t>(options.batch_rows));
  const auto failed = import.Run(**input, &progress);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;

  progress.Clear();
  NoteSkippedFields(import.encoder().skipped_system_fields());
  if (!import.saw_keys() && report.total() > report.refused()) NoteNotResumable(*table);
  std::fputs(report.Summary(took.count(), format).c_str(), stdout);
  std::fflush(stdout);
  if (failed) {
    const ExitCode code = fail(*failed);
    if (import.saw_keys()) std::fputs("Run the same import again to load the rest.\n", stderr);
    return code;
  }
  const bool complete = report.refused() == 0 || options.allow_refused;
  return complete ? ExitCode::kOk : ExitCode::kRowsRefused;
}

}  // namespace kalam::cli
