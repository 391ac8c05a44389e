#pragma once

#include "base/result.h"
#include "cold/segment.h"
#include "cold/storages.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace kalam::cold {

// A segment as a local file that stays as long as somebody holds this.
class SegmentFile {
 public:
  explicit SegmentFile(std::string path) : path_(std::move(path)) {}
  virtual ~SegmentFile() = default;
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};
using SegmentFilePtr = std::shared_ptr<const SegmentFile>;

struct SegmentFilesOptions {
  std::filesystem::path cache_folder;  // copies of what lies on S3; emptied at start
  std::uint64_t cache_bytes = std::uint64_t{4} << 30;
  // Told of each file that goes and was given out, by its path.
  std::function<void(const std::string&)> gone = [](const std::string&) {};
};

// Segments as files that the engine may open: in place when the storage is a folder, else a copy.
// Every file is compared with its checksum before it is given out for the first time. Thread-safe;
// blocks for I/O.
class SegmentFiles {
 public:
  // `storages` must outlive it. Errors: kIo.
  static Result<std::unique_ptr<SegmentFiles>> Open(Storages& storages,
                                                    SegmentFilesOptions options);
  ~SegmentFiles();

  // Errors: kCorruption when the bytes are not those that were written (the message names the
  // file), kNotFound, kIo, kUnavailable.
  Result<SegmentFilePtr> Get(const Segment& segment);

  // The segment is gone from all manifests: forgets it and its copy.
  void Forget(const Segment& segment);

 private:
  struct Entry {
    std::mutex
        loading;  // held while the file is fetched and verified; the rest is guarded by mutex_
    SegmentFilePtr file;  // null until then
    std::uint64_t cached_bytes = 0;
    std::list<std::string>::iterator used;
  };
  using EntryPtr = std::shared_ptr<Entry>;

  SegmentFiles(Storages& storages, SegmentFilesOptions options);
  Result<SegmentFilePtr> Load(const Segment& segment, std::uint64_t& cached_bytes);
  EntryPtr Find(const std::string& name);
  void DropUnused();  // with mutex_ held

  Storages& storages_;
  const SegmentFilesOptions options_;
  std::mutex mutex_;
  std::list<std::string>
      used_;  // names, the most recently used first; guarded by mutex_, as all below
  std::unordered_map<std::string, EntryPtr> entries_;
  std::uint64_t cached_bytes_ = 0;
  std::uint64_t next_copy_ = 1;
};

}  // namespace kalam::cold
