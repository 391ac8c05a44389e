#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kv/batch.h"
#include "model/ids.h"
#include "table/change_log.h"

namespace kalam::table {

// The changes of one statement (or transaction), ready to be committed: the rows and their log records (see
// change_log.h), complete but for the seqs, which the sequencer fills in. Not thread-safe; reuse keeps the
// memory.
class PendingCommit {
 public:
  // Adds one change: the row's new version and its entry in the log. `partition` is the key prefix
  // (PartitionPrefix), `key` the primary key in key form, `row` encoded with EncodeRow; `old_row` is
  // the version before it, also a tombstone, empty when there is none. Changes get their seqs in the order they are
  // added.
  void Add(ChangeOp op, TableId table, std::string_view partition, std::string_view key,
           std::string_view row, std::string_view old_row);

  // The old row of the change added last is the new row of an earlier one of this commit: it gets that one's seq.
  void OldRowIsOf(std::uint32_t earlier) { own_old_rows_.push_back({changes() - 1, earlier}); }

  // Adds a key that is stored with the changes, in kv::Family::kMeta.
  void Note(std::string_view key, std::string_view value);

  std::uint32_t changes() const { return static_cast<std::uint32_t>(places_.size()); }
  void Clear();

 private:
  friend class Committer;

  // Where one change's key is and its seq goes, as offsets in the batch.
  struct Places {
    std::size_t hot_key;
    std::size_t hot_key_bytes;
    std::size_t hot_row;  // u64 LE at the start of the row
    std::size_t log_row;  // u64 LE, the row in the log; until its record is closed, the offset in `record_`
    std::size_t row_bytes;  // in the log, the old row follows it
  };
  struct OwnOldRow {
    std::uint32_t change;
    std::uint32_t earlier;
  };
  // A log record, as offsets in the batch. Its key ends with the seq of its last change.
  struct Record {
    std::size_t key, key_bytes;
    std::size_t value, value_bytes;
    std::uint32_t last_change;
    std::uint32_t slot;  // of its partition, as ChangeInterest numbers them
  };

  // Puts the open log record into the batch. The Committer does so for the last one, before it stamps.
  void CloseRecord();

  // A table that is written to, and the schema version of the rows.
  struct Target {
    TableId table;
    int version;
    bool operator==(const Target&) const = default;
  };

  kv::Batch batch_;
  std::vector<Places> places_;
  std::vector<OwnOldRow> own_old_rows_;
  std::vector<Record> records_;
  std::vector<Target> targets_;
  std::vector<std::uint32_t> target_changes_;  // how many each of them gets

  // The log record that still grows.
  std::string partition_;
  std::uint32_t slot_ = 0;  // of this partition
  std::string record_;
  std::size_t first_in_record_ = 0;
};

}  // namespace kalam::table
