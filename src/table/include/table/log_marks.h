#pragma once

#include "base/result.h"
#include "kv/store.h"
#include "model/ids.h"
#include "table/committer.h"

namespace kalam::table {

// How far back the change log is complete. The store drops the log's oldest files by age and size without
// telling, so marks are laid into the log between the changes, under a table id that no table has:
//
//   | 0 u32 | 0x00 | seq u64 BE |      the seq was reserved before the mark was written
//
// Files are dropped oldest first. So while a mark is there, everything written after it is, too; and every
// change with a seq above that of the mark's successor was written after the mark. Hence: the log is complete
// above the seq of the second oldest mark.
//
// Thread-safe.
class LogMarks {
 public:
  LogMarks(kv::Store& store, Committer& committer) : store_(store), committer_(committer) {}

  // Lays a mark; blocks for one sync. Two at start, so that a young log is complete from there on, and one
  // every now and then: what lies between two marks is given up together.
  Status Mark();

  // All changes above this seq that were ever in the log, are. Of a log without marks: Seq at its highest.
  // An iterator made before the call may rely on the answer. Errors: kIo, kCorruption.
  Result<Seq> CompleteAbove() const;

 private:
  kv::Store& store_;
  Committer& committer_;
};

}  // namespace kalam::table
