#pragma once

#include "import/input_window.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <kalam/result.h>

namespace kalam::cli {

enum class ValueKind {
  kEmpty,   // CSV: an empty unquoted field, or the text given with --null
  kNull,    // JSON null
  kBool,    // text is "true" or "false"
  kNumber,  // text is the JSON number
  kText,
  kJson,  // a nested array or object, as JSON text
};

struct FieldValue {
  std::size_t field = 0;  // index into RecordReader::field_names()
  ValueKind kind = ValueKind::kNull;
  std::string_view text;
};

// One record of the file. The views are valid until the next record is read.
struct Record {
  std::uint64_t position = 0;  // 1-based line or record number
  std::string_view raw;        // the record's bytes, without the line end
  std::string problem;         // not empty: this record can't be read, the next ones can
  std::vector<FieldValue> fields;
};

// Reads a file record by record.
class RecordReader {
 public:
  virtual ~RecordReader() = default;

  // False at the end. An Error means that nothing after this point can be read.
  virtual Result<bool> Next(Record* record) = 0;

  // The fields seen so far; grows as JSON records bring new ones, never reorders.
  virtual const std::vector<std::string>& field_names() const = 0;
  // Whether field_names() is complete from the start (a CSV header).
  virtual bool has_header() const = 0;
  // What Record::position counts: "line" or "record".
  virtual const char* position_unit() const = 0;
  // The line that must stand before rejected records to make them a file of the same format.
  virtual std::string rejects_header() const = 0;
};

struct CsvFormat {
  char delimiter = ',';
  std::string null_text{};                        // empty: only empty fields are NULL
  std::vector<std::string> names_if_no_header{};  // not empty: the first line is data
};

// RFC 4180, and what is found in the wild: LF line ends, a byte order mark, another delimiter.
// Fails when the header can't be used.
Result<std::unique_ptr<RecordReader>> OpenCsv(InputWindow* input, const CsvFormat& format);

enum class JsonLayout {
  kArray,         // [ {...}, {...} ]
  kLines,         // one object per line
  kConcatenated,  // objects one after the other, over any number of lines
};

std::unique_ptr<RecordReader> OpenJson(InputWindow* input, JsonLayout layout);

// The layout of a file called .json: an array, or objects one after the other.
JsonLayout GuessJsonLayout(InputWindow* input);

// Longer records are an error rather than a reason to hold half the file in memory: above the
// server's own limit for a request.
inline constexpr std::size_t kMaxRecordBytes = 64u << 20;

}  // namespace kalam::cli
