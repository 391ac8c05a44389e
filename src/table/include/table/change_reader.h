#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kv/store.h"
#include "model/ids.h"
#include "table/change_log.h"

namespace kalam::table {

// Reads the changes of one partition from the log, oldest first, from any seq on. What is in `snapshot` is
// what it gives: with a durable snapshot only durable changes, and never half a commit. Does not know which
// changes the log has lost to its age or size. Not thread-safe; reads the disk.
//
//   ChangeReader changes(store, snapshot, PartitionPrefix(table, user), after);
//   while (true) {
//     KALAM_TRY_ASSIGN(const auto change, changes.Next());
//     if (!change) break;
//     use(*change);
//   }
class ChangeReader {
 public:
  // The first change is the first one with a seq above `after`. A null snapshot: the latest state.
  ChangeReader(const kv::Store& store, kv::SnapshotPtr snapshot, std::string_view partition, Seq after);

  // nullopt after the last one. The change borrows from the reader and is valid until the next call.
  // Errors: kCorruption, kIo.
  Result<std::optional<ChangeRecord>> Next();

 private:
  std::unique_ptr<kv::Iterator> records_;
  std::string_view rest_;  // of the record at hand
  Seq last_;               // given out, or `after`
};

}  // namespace kalam::table
