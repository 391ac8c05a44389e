#include "export/text_rows.h"

#include <kalam/row_text.h>

namespace kalam::cli {

namespace {

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
    const bool json = format_ == FileFormat::kJson;
    std::string& text = sink_.text();
    const JsonObjects objects(page.rows.columns());
    for (const Row row : page.rows) {
      if (json) text += any_ ? ",\n" : "\n";
      any_ = true;
      objects.Append(row, &text);
      if (!json) text += '\n';
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

}  // namespace

std::optional<Error> WriteText(FileFormat format, const NextPage& next, std::FILE* file) {
  RowWriter writer(format, file);
  while (true) {
    const auto page = next();
    if (!page) return page.error();
    if (!*page) break;
    writer.Write(**page);
  }
  writer.Finish();
  return std::nullopt;
}

}  // namespace kalam::cli
