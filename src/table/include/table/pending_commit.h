#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kv/batch.h"
#include "model/ids.h"
#include "table/change_log.h"

namespace kalam::table {

// The changes of one statement (or transaction), ready to be committed: every row with its log record,
// complete but for the seqs, which the sequencer fills in. Not thread-safe; reuse keeps the memory.
class PendingCommit {
 public:
  // Adds one change: the row's new version and its log record. `partition` is the key prefix
  // (PartitionPrefix), `key` the primary key in key form, `row` encoded with EncodeRow; `old_row` is empty
  // for an insert. Changes get their seqs in the order they are added.
  void Add(ChangeOp op, TableId table, std::string_view partition, std::string_view key,
           std::string_view row, std::string_view old_row);

  std::uint32_t changes() const { return static_cast<std::uint32_t>(places_.size()); }
  void Clear();

 private:
  friend class Committer;

  // Where one change's seq goes.
  struct SeqPlaces {
    std::size_t hot_row;  // u64 LE at the start of the row
    std::size_t log_key;  // u64 BE
    std::size_t log_row;  // u64 LE, the row inside the log record
  };

  kv::Batch batch_;
  std::vector<SeqPlaces> places_;
  std::vector<TableId> tables_;
};

}  // namespace kalam::table
