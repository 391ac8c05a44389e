#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "cold/manifest.h"
#include "cold/segment.h"
#include "cold/segment_files.h"
#include "cold/storages.h"
#include "kv/batch.h"
#include "kv/durable_writer.h"
#include "kv/store.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace kalam::cold {

// Files that no manifest names, not yet or not any more, in the `meta` family until they are deleted,
// so that a crash or a storage that is down delays their end but forgets none:
//
//   cold/g/ | storage id | 0x00 | root | 0x00 | file  ->  | due i64 LE, micros | claim u8 |
//   segment (segment.h) |
//
// Thread-safe.
class Garbage {
 public:
  // All must outlive it.
  Garbage(kv::Store& store, kv::DurableWriter& writer, const ManifestStore& manifests,
          Storages& storages, SegmentFiles& files)
      : store_(store), writer_(writer), manifests_(manifests), storages_(storages), files_(files) {}

  // Adds to `batch` that the file may go from `due` on. The batch also takes the segment out of its
  // manifest.
  static void Add(const Segment& segment, TimestampMicros due, kv::Batch& batch);

  // Says, before a file is put, that it belongs to nobody until a manifest has it: after a crash the
  // next process deletes it, if it is there and has the segment's checksum (the name may have been
  // taken by another). Durable on return. Errors: kAlreadyExists while another is making a file of
  // this name, or one is still to be deleted: that might take the new one; those of the store.
  Status Claim(const Segment& segment);
  // Adds to `batch`, which puts the segment into its manifest, that the file is nobody's no more.
  static void Settle(const Segment& segment, kv::Batch& batch);
  // After the commit of that batch.
  void Settled(const Segment& segment);
  // Gives a claim up. With `and_file` the file goes, too: by the next Sweep if not now.
  void Abandon(const Segment& segment, bool and_file);

  // What a drop throws away.
  struct Dropped {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
  };
  // Adds the end of all manifests of a table (of one partition of it, with `user`) and of their
  // files.
  Result<Dropped> AddAllOf(TableId table, std::optional<std::string_view> user, TimestampMicros due,
                           kv::Batch& batch);

  // While one lives, no file is deleted: for whoever reads files of a snapshot longer than a statement may take.
  class Hold {
   public:
    explicit Hold(Garbage& garbage);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    Garbage& garbage_;
  };

  // Deletes the files that are due, until `give_up`. What can't be deleted stays for the next time.
  // Blocks for I/O. Errors: those of the store; a storage that fails is logged.
  Status Sweep(TimestampMicros now, std::chrono::steady_clock::time_point give_up);

 private:
  // Nobody's, now and until it is deleted: as of the latest state, not of some snapshot. Errors: those of the store.
  Result<bool> IsStillGarbage(std::string_view key);

  kv::Store& store_;
  kv::DurableWriter& writer_;
  const ManifestStore& manifests_;
  Storages& storages_;
  SegmentFiles& files_;
  std::mutex sweeping_;  // held while files are deleted
  int holds_ = 0;        // guarded by sweeping_
  std::mutex claims_mutex_;
  std::set<std::string, std::less<>> claims_;  // keys of this process's claims; guarded by claims_mutex_
};

}  // namespace kalam::cold
