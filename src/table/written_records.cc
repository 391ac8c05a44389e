#include "table/written_records.h"

#include <algorithm>
#include <cstdint>

namespace kalam::table {

std::string_view WrittenRecords::PartitionOf(const Record& record) const {
  std::string_view key = KeyOf(record);
  key.remove_suffix(sizeof(std::uint64_t));  // the seq
  return key;
}

void WrittenRecords::GiveUp() {
  Clear();
  complete_ = false;
}

void WrittenRecords::Add(std::string_view key, std::string_view value) {
  if (!complete_) return;
  if (bytes_.size() + key.size() + value.size() > kMaxBytes) return GiveUp();
  const std::size_t begin = bytes_.size();
  bytes_.append(key).append(value);
  records_.push_back({begin, begin + key.size(), bytes_.size()});
  sorted_ = records_.size() == 1;
}

void WrittenRecords::Take(WrittenRecords& other) {
  if (complete_ && records_.empty()) {
    std::swap(*this, other);
  } else if (!other.complete_) {
    GiveUp();
  } else {
    for (const Record& record : other.records_) {
      Add(other.KeyOf(record), std::string_view(other.bytes_).substr(record.value, record.end - record.value));
    }
  }
  other.Clear();
}

void WrittenRecords::Clear() {
  bytes_.clear();
  records_.clear();
  complete_ = true;
  sorted_ = true;
}

WrittenRecords::Changes WrittenRecords::Of(std::string_view partition) {
  if (!sorted_) {
    std::sort(records_.begin(), records_.end(),
              [this](const Record& a, const Record& b) { return KeyOf(a) < KeyOf(b); });
    sorted_ = true;
  }
  // A partition's records stand together: no prefix begins with another one.
  const auto range = std::equal_range(records_.begin(), records_.end(), partition, Before{*this});
  Changes changes;
  changes.records_ = this;
  changes.next_ = static_cast<std::size_t>(range.first - records_.begin());
  changes.end_ = static_cast<std::size_t>(range.second - records_.begin());
  return changes;
}

Result<std::optional<ChangeRecord>> WrittenRecords::Changes::Next() {
  if (rest_.empty()) {
    if (next_ == end_) return std::optional<ChangeRecord>();
    const Record& record = records_->records_[next_++];
    rest_ = std::string_view(records_->bytes_).substr(record.value, record.end - record.value);
  }
  KALAM_TRY_ASSIGN(const ChangeRecord change, TakeChange(rest_));
  return std::optional(change);
}

}  // namespace kalam::table
