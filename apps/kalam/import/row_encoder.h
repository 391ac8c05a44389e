#pragma once

#include "import/record_reader.h"
#include "import/target_table.h"
#include "options.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::cli {

// A record as it goes into an INSERT.
struct EncodedRow {
  std::uint64_t position = 0;
  std::string tuple;               // "(1,'text',NULL)"
  std::size_t json_bytes = 0;      // size of the tuple inside the JSON request
  std::optional<std::string> key;  // the primary key as the server prints it, if the record has one
  std::string raw;                 // the record's own text, kept only if rejects are written
};

// Which columns a row has, in the table's order. A column that a record leaves out must stay out of
// the INSERT: only then does its default apply.
using ColumnSet = std::vector<std::size_t>;

// Turns records into rows of one table. Decides once per field of the file where it goes.
class RowEncoder {
 public:
  // Fails if a --map or --columns names what is not there, or a CSV header has a field that has no
  // place in the table.
  static Result<RowEncoder> Create(const TargetTable& table, const ImportOptions& options,
                                   const RecordReader& reader);

  // Fills `row` and `columns`, or returns why this record can't be a row of the table.
  std::string Encode(const Record& record, const RecordReader& reader, EncodedRow* row,
                     ColumnSet* columns);

  // The fields of the file that the server manages itself and that are skipped for this reason.
  const std::vector<std::string>& skipped_system_fields() const { return skipped_; }

 private:
  static constexpr int kUndecided = -1;
  static constexpr int kSkip = -2;
  static constexpr int kUnknown = -3;

  RowEncoder(const TargetTable& table, const ImportOptions& options)
      : table_(&table), options_(&options) {}

  Result<bool> ReadMaps();
  int PlaceOf(std::size_t field, const RecordReader& reader);
  int DecidePlace(const std::string& name);
  // False if the value stands for "not given", so that the column is left out.
  bool IsGiven(const TargetColumn& column, const FieldValue& value) const;

  const TargetTable* table_;
  const ImportOptions* options_;
  std::vector<std::pair<std::string, std::string>> maps_;  // field, column
  std::vector<int> places_;             // per field: column index or one of the constants
  std::vector<const FieldValue*> row_;  // per column: the current record's value
  std::vector<std::string> skipped_;
};

// Appends the value in the form that suits the column: numbers and booleans bare, the rest quoted.
// What does not look right for the column is quoted and left to the server to judge.
void AppendSqlValue(const FieldValue& value, ColumnClass column_class, std::string* sql);

}  // namespace kalam::cli
