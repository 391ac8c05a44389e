#include "table/pending_commit.h"

namespace kalam::table {

void PendingCommit::Add(ChangeOp op, TableId table, std::string_view partition,
                        std::string_view key, std::string_view row, std::string_view old_row) {
  const std::string_view hot_key[] = {partition, key};
  const auto hot = batch_.PutParts(kv::Family::kHot, hot_key, std::span(&row, 1));

  char header[kChangeHeaderBytes];
  EncodeChangeHeader(op, key.size(), row.size(), header);
  static constexpr std::string_view kSeqToCome("\0\0\0\0\0\0\0\0", 8);
  const std::string_view log_key[] = {partition, kSeqToCome};
  const std::string_view record[] = {{header, sizeof(header)}, key, row, old_row};
  const auto log = batch_.PutParts(kv::Family::kLog, log_key, record);

  places_.push_back({.hot_row = hot.value,
                     .log_key = log.key + partition.size(),
                     .log_row = log.value + sizeof(header) + key.size()});
  if (tables_.empty() || tables_.back() != table) tables_.push_back(table);
}

void PendingCommit::Clear() {
  batch_.Clear();
  places_.clear();
  tables_.clear();
}

}  // namespace kalam::table
