#pragma once

#include "import/import_report.h"
#include "import/row_encoder.h"
#include "import/target_table.h"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include <kalam/client.h>

namespace kalam::cli {

// Sends batches of rows as INSERT statements and finds out what became of each row.
//
// The server takes all rows of an INSERT or none. A refused batch is halved until the refused rows
// stand alone: k bad rows among n cost about 2 k log2(n/k) statements.
//
// Rows that are there already (an earlier run of the same import): the first batch refused for a
// duplicate key turns on a look-up of the keys before each INSERT, until a batch finds none of its
// keys. So a first run pays nothing, and a second run one SELECT per batch.
class BatchLoader {
 public:
  using Query = std::function<Result<Response>(std::string_view sql)>;

  BatchLoader(Query query, const TargetTable& table, ImportReport* report)
      : query_(std::move(query)), table_(&table), report_(report) {}

  // Loads rows that all have exactly `columns`. An error means that the import can't go on: the
  // server is gone, or refuses us rather than the rows.
  std::optional<Error> Load(const ColumnSet& columns, std::vector<EncodedRow> rows);

 private:
  using Batch = std::span<EncodedRow>;

  std::optional<Error> LoadNew(Batch rows, bool looked_up);
  // Moves the rows whose keys the table does not have to the front and returns them.
  Result<Batch> DropExisting(Batch rows);
  Batch DropRepeated(Batch rows);
  Result<Response> Insert(Batch rows);
  void Refuse(const EncodedRow& row, const Error& error);

  Query query_;
  const TargetTable* table_;
  ImportReport* report_;
  std::string insert_head_;  // INSERT INTO t (columns) VALUES, for the batch being loaded
  bool resuming_ = false;
  int losses_ = 0;  // connections lost since the last success
};

}  // namespace kalam::cli
