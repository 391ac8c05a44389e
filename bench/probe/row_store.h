#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

namespace kalam::bench {

// RocksDB as plainly as messages can be kept in it: no schema, no versions, no second index, no log
// of changes.
//
//   key    whose rows (8 bytes, a hash) | ~id (8 bytes, big-endian): a user's newest row comes
//   first value  the row as the text that an answer holds
//
// Used by one thread.
class RowStore {
 public:
  // A new store in `folder`. Ends the process when RocksDB refuses anything: a limit that lies is
  // worth nothing.
  explicit RowStore(const std::string& folder);

  // Put() gathers, Commit() writes what was gathered as one batch, with one sync at most.
  void Put(std::uint64_t owner, std::uint64_t id, std::string_view row);
  void Commit(bool synced);

  // Appends the row to *out. False when it is not there.
  bool Find(std::uint64_t owner, std::uint64_t id, std::string* out);
  // Appends up to `limit` rows of an owner, newest first, with commas between; returns how many.
  int Newest(std::uint64_t owner, int limit, std::string* out);

 private:
  void GiveLogsTheirLength();

  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::WriteBatch batch_;
};

}  // namespace kalam::bench
