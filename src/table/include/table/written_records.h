#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "table/change_log.h"

namespace kalam::table {

// Log records (change_log.h) of commits to watched partitions, kept from the moment they were written until they are
// durable: whoever follows a partition need not read them back from the log. Bounded: with more than kMaxBytes it is
// empty and not complete, and the log has to be read. Not thread-safe.
class WrittenRecords {
 public:
  static constexpr std::size_t kMaxBytes = 64 << 10;

  // `key` and `value` as they are in the log; copied.
  void Add(std::string_view key, std::string_view value);
  // Appends what `other` has, and empties it.
  void Take(WrittenRecords& other);
  // Empty and complete; keeps the memory.
  void Clear();

  bool complete() const { return complete_; }
  bool empty() const { return records_.empty(); }

  // The changes of one partition (PartitionPrefix), in seq order. Borrows; until the next call of Of, Add, Take, Clear.
  class Changes {
   public:
    // nullopt after the last one. Errors: kCorruption.
    Result<std::optional<ChangeRecord>> Next();

   private:
    friend class WrittenRecords;
    const WrittenRecords* records_ = nullptr;
    std::size_t next_ = 0, end_ = 0;
    std::string_view rest_;  // of the record at hand
  };
  Changes Of(std::string_view partition);

 private:
  struct Record {
    std::size_t key, value, end;  // in bytes_
  };
  std::string_view KeyOf(const Record& record) const {
    return std::string_view(bytes_).substr(record.key, record.value - record.key);
  }
  std::string_view PartitionOf(const Record& record) const;
  // Orders records and partitions, for a search.
  struct Before {
    const WrittenRecords& records;
    bool operator()(const Record& record, std::string_view partition) const {
      return records.PartitionOf(record) < partition;
    }
    bool operator()(std::string_view partition, const Record& record) const {
      return partition < records.PartitionOf(record);
    }
  };
  void GiveUp();

  std::string bytes_;
  std::vector<Record> records_;
  bool complete_ = true;
  bool sorted_ = true;  // by key: by partition, then by seq
};

}  // namespace kalam::table
