#include "table/log_marks.h"

#include <limits>

#include "base/bytes.h"
#include "model/key_codec.h"
#include "table/change_log.h"

namespace kalam::table {
namespace {

std::string MarkPrefix() { return PartitionPrefix(TableId(0), UserId()); }

}  // namespace

Status LogMarks::Mark() {
  std::string key = MarkPrefix();
  AppendBigEndian(key, committer_.NextId().value());
  kv::Batch batch;
  batch.Put(kv::Family::kLog, key, {});
  return committer_.WriteDurably(batch);
}

Result<Seq> LogMarks::CompleteAbove() const {
  const std::string prefix = MarkPrefix();
  const auto marks = store_.NewIterator(kv::Family::kLog, {.lower = prefix, .upper = PrefixSuccessor(prefix)});
  marks->SeekToFirst();
  if (marks->Valid()) marks->Next();
  KALAM_TRY(marks->status());
  if (!marks->Valid()) return Seq(std::numeric_limits<std::uint64_t>::max());
  return DecodeLogKeySeq(marks->key());
}

}  // namespace kalam::table
