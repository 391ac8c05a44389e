#include "table/pending_commit.h"

#include "model/row_codec.h"
#include "table/change_interest.h"

namespace kalam::table {

void PendingCommit::Add(ChangeOp op, TableId table, std::string_view partition, std::string_view key,
                        std::string_view row, std::string_view old_row) {
  if (partition != partition_) {
    CloseRecord();
    partition_ = partition;
    slot_ = ChangeInterest::SlotOf(partition);
  }
  const Target target{table, RowSchemaVersion(row)};
  if (targets_.empty() || targets_.back() != target) {
    targets_.push_back(target);
    target_changes_.push_back(0);
  }
  ++target_changes_.back();
  const std::string_view hot_key[] = {partition, key};
  const auto hot = batch_.PutParts(kv::Family::kHot, hot_key, std::span(&row, 1));
  const std::size_t log_row =
      AppendChange(record_, {.op = op, .key = key, .row = row, .old_row = old_row});
  places_.push_back({.hot_key = hot.key,
                     .hot_key_bytes = partition.size() + key.size(),
                     .hot_row = hot.value,
                     .log_row = log_row,
                     .row_bytes = row.size()});
  if (record_.size() >= kChangeRecordBytes) CloseRecord();
}

void PendingCommit::CloseRecord() {
  if (record_.empty()) return;
  static constexpr std::string_view kSeqToCome("\0\0\0\0\0\0\0\0", 8);
  const std::string_view key[] = {partition_, kSeqToCome};
  const std::string_view value = record_;
  const auto log = batch_.PutParts(kv::Family::kLog, key, std::span(&value, 1));
  for (std::size_t i = first_in_record_; i < places_.size(); ++i) places_[i].log_row += log.value;
  records_.push_back({.key = log.key,
                      .key_bytes = partition_.size() + kSeqToCome.size(),
                      .value = log.value,
                      .value_bytes = record_.size(),
                      .last_change = changes() - 1,
                      .slot = slot_});
  record_.clear();
  first_in_record_ = places_.size();
}

void PendingCommit::Note(std::string_view key, std::string_view value) {
  batch_.Put(kv::Family::kMeta, key, value);
}

void PendingCommit::Clear() {
  batch_.Clear();
  places_.clear();
  own_old_rows_.clear();
  records_.clear();
  targets_.clear();
  target_changes_.clear();
  partition_.clear();
  record_.clear();
  first_in_record_ = 0;
}

}  // namespace kalam::table
