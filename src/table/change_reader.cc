#include "table/change_reader.h"

#include "base/bytes.h"
#include "model/row_codec.h"

namespace kalam::table {

ChangeReader::ChangeReader(const kv::Store& store, kv::SnapshotPtr snapshot, std::string_view partition,
                           Seq after)
    : last_(after) {
  std::string first(partition);
  AppendBigEndian(first, after.value() + 1);
  records_ = store.NewIterator(kv::Family::kLog, {.snapshot = std::move(snapshot),
                                                  .lower = std::move(first),
                                                  .upper = PrefixSuccessor(partition)});
  records_->SeekToFirst();
  if (records_->Valid()) rest_ = records_->value();
}

Result<std::optional<ChangeRecord>> ChangeReader::Next() {
  while (records_->Valid()) {
    if (rest_.empty()) {
      records_->Next();
      if (!records_->Valid()) break;
      rest_ = records_->value();
    }
    KALAM_TRY_ASSIGN(const ChangeRecord change, TakeChange(rest_));
    const Seq seq = RowSeq(change.row);
    if (seq <= last_) continue;  // the first record may begin before what was asked for
    last_ = seq;
    return std::optional(change);
  }
  KALAM_TRY(records_->status());
  return std::optional<ChangeRecord>();
}

}  // namespace kalam::table
