#include "exit_code.h"
#include "import/record_reader.h"
#include "import/utf8.h"

#include <algorithm>
#include <deque>

namespace kalam::cli {

namespace {

struct CsvField {
  std::string_view text;
  bool quoted = false;
};

enum class Scan { kRecord, kNeedMore };

// Splits one record off the front of the data.
class RecordScanner {
 public:
  explicit RecordScanner(char delimiter) : delimiter_(delimiter) {}

  // kNeedMore when the record does not end within `data` and `at_end` says that more may come.
  Scan ScanRecord(std::string_view data, bool at_end);

  const std::vector<CsvField>& fields() const { return fields_; }
  std::size_t record_bytes() const { return record_bytes_; }  // without the line end
  std::size_t total_bytes() const { return total_bytes_; }    // with it
  const char* problem() const { return problem_; }            // nullptr if there is none

 private:
  // Both return the position after the field, or npos when the data ends inside of it.
  std::size_t ScanQuoted(std::string_view data, std::size_t at, bool at_end);
  std::size_t ScanPlain(std::string_view data, std::size_t at, bool at_end);
  void EndRecord(std::string_view data, std::size_t at);

  char delimiter_;
  std::vector<CsvField> fields_;
  std::deque<std::string> unescaped_;  // stable addresses for the views in fields_
  std::size_t record_bytes_ = 0;
  std::size_t total_bytes_ = 0;
  const char* problem_ = nullptr;
};

Scan RecordScanner::ScanRecord(std::string_view data, bool at_end) {
  fields_.clear();
  unescaped_.clear();
  problem_ = nullptr;
  std::size_t at = 0;
  while (true) {
    const bool quoted = at < data.size() && data[at] == '"';
    at = quoted ? ScanQuoted(data, at, at_end) : ScanPlain(data, at, at_end);
    if (at == std::string_view::npos) return Scan::kNeedMore;
    if (at < data.size() && data[at] == delimiter_) {
      ++at;
      continue;
    }
    EndRecord(data, at);
    return Scan::kRecord;
  }
}

std::size_t RecordScanner::ScanQuoted(std::string_view data, std::size_t at, bool at_end) {
  const std::size_t start = at + 1;
  bool doubled = false;
  std::size_t close = start;
  while (true) {
    close = data.find('"', close);
    if (close == std::string_view::npos) {
      if (!at_end) return std::string_view::npos;
      problem_ = "a quoted field is not closed";
      fields_.push_back({data.substr(start), true});
      return data.size();
    }
    if (close + 1 == data.size() && !at_end) return std::string_view::npos;
    if (close + 1 >= data.size() || data[close + 1] != '"') break;
    doubled = true;
    close += 2;
  }
  std::string_view text = data.substr(start, close - start);
  if (doubled) {
    std::string& plain = unescaped_.emplace_back();
    for (std::size_t i = 0; i < text.size(); ++i) {
      plain.push_back(text[i]);
      if (text[i] == '"') ++i;
    }
    text = plain;
  }
  fields_.push_back({text, true});
  at = close + 1;
  const bool ends =
      at >= data.size() || data[at] == delimiter_ || data[at] == '\n' || data[at] == '\r';
  if (ends) return at;
  // Something follows the closing quote. The rest of the line goes with this record.
  problem_ = "text follows the closing quote of a field";
  const std::size_t line_end = data.find('\n', at);
  if (line_end == std::string_view::npos) return at_end ? data.size() : std::string_view::npos;
  return line_end;
}

std::size_t RecordScanner::ScanPlain(std::string_view data, std::size_t at, bool at_end) {
  std::size_t end = at;
  while (end < data.size() && data[end] != delimiter_ && data[end] != '\n') ++end;
  if (end == data.size() && !at_end) return std::string_view::npos;
  std::string_view text = data.substr(at, end - at);
  const bool last = end == data.size() || data[end] == '\n';
  if (last && text.ends_with('\r')) text.remove_suffix(1);
  fields_.push_back({text, false});
  return at + text.size();
}

// `at` is where the last field ended: at a line end or at the end of the data.
void RecordScanner::EndRecord(std::string_view data, std::size_t at) {
  record_bytes_ = at;
  while (at < data.size() && data[at] == '\r') ++at;
  if (at < data.size() && data[at] == '\n') ++at;
  total_bytes_ = at;
}

class CsvReader final : public RecordReader {
 public:
  CsvReader(InputWindow* input, CsvFormat format)
      : input_(input), format_(std::move(format)), scanner_(format_.delimiter) {}

  Result<bool> ReadHeader() {
    SkipByteOrderMark();
    if (!format_.names_if_no_header.empty()) {
      names_ = format_.names_if_no_header;
      return true;
    }
    auto found = ScanNext();
    if (!found) return found;
    if (!*found) return UsageError("the file is empty: there is no header line");
    for (const CsvField& field : scanner_.fields()) names_.emplace_back(field.text);
    header_ = std::string(raw_);
    if (scanner_.problem() != nullptr || !IsUtf8(header_)) {
      return UsageError("the header line is not valid CSV");
    }
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (names_[i].empty()) {
        return UsageError("field " + std::to_string(i + 1) + " of the header has no name");
      }
      if (std::count(names_.begin(), names_.end(), names_[i]) > 1) {
        return UsageError("the header names field '" + names_[i] + "' twice");
      }
    }
    return true;
  }

  Result<bool> Next(Record* record) override {
    auto found = ScanNext();
    if (!found || !*found) return found;
    record->position = record_line_;
    record->raw = raw_;
    record->problem.clear();
    record->fields.clear();
    const auto& fields = scanner_.fields();
    if (scanner_.problem() != nullptr) {
      record->problem = scanner_.problem();
    } else if (fields.size() != names_.size()) {
      record->problem = "expected " + std::to_string(names_.size()) + " fields, found " +
                        std::to_string(fields.size());
    } else if (!IsUtf8(raw_)) {
      record->problem = "not valid UTF-8";
    } else {
      for (std::size_t i = 0; i < fields.size(); ++i) {
        record->fields.push_back({i, KindOf(fields[i]), fields[i].text});
      }
    }
    return true;
  }

  const std::vector<std::string>& field_names() const override { return names_; }
  bool has_header() const override { return true; }
  const char* position_unit() const override { return "line"; }
  std::string rejects_header() const override { return header_; }

 private:
  ValueKind KindOf(const CsvField& field) const {
    const bool null =
        !field.quoted &&
        (field.text.empty() || (!format_.null_text.empty() && field.text == format_.null_text));
    return null ? ValueKind::kEmpty : ValueKind::kText;
  }

  void SkipByteOrderMark() {
    constexpr std::string_view kMark = "\xEF\xBB\xBF";
    while (input_->unread().size() < kMark.size() && input_->ReadMore()) {
    }
    if (input_->unread().starts_with(kMark)) input_->Consume(kMark.size());
  }

  // Finds the next record that is not an empty line; false at the end of the input. The record
  // before it is consumed only now, because its caller still looked at it.
  Result<bool> ScanNext() {
    Advance();
    bool at_end = false;
    while (true) {
      const std::string_view data = input_->unread();
      if (data.empty() && at_end) return Stopped();
      if (data.empty() || scanner_.ScanRecord(data, at_end) == Scan::kNeedMore) {
        if (data.size() > kMaxRecordBytes) {
          return UsageError("line " + std::to_string(line_) +
                            ": the record is longer than 64 MiB (a quote that is never closed?)");
        }
        at_end = !input_->ReadMore();
        continue;
      }
      raw_ = data.substr(0, scanner_.record_bytes());
      pending_ = scanner_.total_bytes();
      record_line_ = line_;
      if (!raw_.empty()) return true;
      Advance();
    }
  }

  Result<bool> Stopped() const {
    if (!input_->failure().empty()) return UsageError(input_->failure());
    return false;
  }

  void Advance() {
    const std::string_view done = input_->unread().substr(0, pending_);
    line_ += static_cast<std::uint64_t>(std::count(done.begin(), done.end(), '\n'));
    input_->Consume(pending_);
    pending_ = 0;
  }

  InputWindow* input_;
  CsvFormat format_;
  RecordScanner scanner_;
  std::vector<std::string> names_;
  std::string header_;
  std::string_view raw_;
  std::size_t pending_ = 0;  // bytes of the current record, consumed when the next one is read
  std::uint64_t line_ = 1;
  std::uint64_t record_line_ = 1;
};

}  // namespace

Result<std::unique_ptr<RecordReader>> OpenCsv(InputWindow* input, const CsvFormat& format) {
  auto reader = std::make_unique<CsvReader>(input, format);
  auto header = reader->ReadHeader();
  if (!header) return std::move(header).error();
  return std::unique_ptr<RecordReader>(std::move(reader));
}

}  // namespace kalam::cli
