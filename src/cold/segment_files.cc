#include "cold/segment_files.h"

#include "cold/file_digest.h"

#include <utility>

#include <fmt/format.h>

namespace kalam::cold {
namespace {

namespace fs = std::filesystem;

// What is known of files in place costs some hundred bytes each.
constexpr std::size_t kMaxEntries = 100'000;

// A copy of ours, removed with its last user.
class CachedFile final : public SegmentFile {
 public:
  using SegmentFile::SegmentFile;
  ~CachedFile() override {
    std::error_code ignored;
    fs::remove(path(), ignored);
  }
};

std::string NameOf(const Segment& segment) {
  return segment.storage_id + '\0' + segment.root + '\0' + segment.file.text();
}

Status Verify(const Segment& segment, const std::string& path) {
  KALAM_TRY_ASSIGN(const FileDigest digest, DigestFile(path));
  if (digest.sha256 == segment.sha256) return {};
  return Error(ErrorCode::kCorruption,
               fmt::format("file '{}' of storage '{}' is damaged: its checksum is not the one "
                           "that was stored with it",
                           segment.file.text(), segment.storage_id));
}

}  // namespace

SegmentFiles::SegmentFiles(Storages& storages, SegmentFilesOptions options)
    : storages_(storages), options_(std::move(options)) {}
SegmentFiles::~SegmentFiles() = default;

Result<std::unique_ptr<SegmentFiles>> SegmentFiles::Open(Storages& storages,
                                                         SegmentFilesOptions options) {
  std::error_code error;
  fs::remove_all(options.cache_folder, error);
  fs::create_directories(options.cache_folder, error);
  if (error)
    return Error(ErrorCode::kIo,
                 "create '" + options.cache_folder.string() + "': " + error.message());
  return std::unique_ptr<SegmentFiles>(new SegmentFiles(storages, std::move(options)));
}

SegmentFiles::EntryPtr SegmentFiles::Find(const std::string& name) {
  const std::lock_guard lock(mutex_);
  EntryPtr& entry = entries_[name];
  if (entry) {
    used_.splice(used_.begin(), used_, entry->used);
  } else {
    entry = std::make_shared<Entry>();
    used_.push_front(name);
    entry->used = used_.begin();
  }
  return entry;
}

Result<SegmentFilePtr> SegmentFiles::Get(const Segment& segment) {
  const EntryPtr entry = Find(NameOf(segment));
  const std::lock_guard loading(entry->loading);
  {
    const std::lock_guard lock(mutex_);
    if (entry->file) return entry->file;
  }
  std::uint64_t cached_bytes = 0;
  KALAM_TRY_ASSIGN(SegmentFilePtr file, Load(segment, cached_bytes));
  const std::lock_guard lock(mutex_);
  entry->file = file;
  entry->cached_bytes = cached_bytes;
  cached_bytes_ += cached_bytes;
  DropUnused();
  return file;
}

Result<SegmentFilePtr> SegmentFiles::Load(const Segment& segment, std::uint64_t& cached_bytes) {
  KALAM_TRY_ASSIGN(const ObjectStorePtr store, storages_.Open(segment.storage_id, segment.root));
  if (const auto path = store->LocalPath(segment.file)) {
    KALAM_TRY(Verify(segment, path->string()));
    return SegmentFilePtr(std::make_shared<SegmentFile>(path->string()));
  }
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = next_copy_++;
  }
  const std::string path = options_.cache_folder / fmt::format("{}.parquet", number);
  // Owns the name before there is a file, so that one half fetched goes, too.
  auto file = std::make_shared<CachedFile>(path);
  KALAM_TRY(store->Fetch(segment.file, path));
  KALAM_TRY(Verify(segment, path));
  cached_bytes = segment.bytes;
  return SegmentFilePtr(std::move(file));
}

void SegmentFiles::DropUnused() {
  auto it = used_.end();
  while (it != used_.begin() &&
         (cached_bytes_ > options_.cache_bytes || entries_.size() > kMaxEntries)) {
    --it;
    const auto found = entries_.find(*it);
    const Entry& entry = *found->second;
    // Being loaded, or read by somebody: dropping it would only hide the bytes that it takes.
    if (!entry.file || entry.file.use_count() > 1 || found->second.use_count() > 1) continue;
    cached_bytes_ -= entry.cached_bytes;
    options_.gone(entry.file->path());
    entries_.erase(found);
    it = used_.erase(it);
  }
}

void SegmentFiles::Forget(const Segment& segment) {
  SegmentFilePtr file;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(NameOf(segment));
    if (found == entries_.end()) return;
    file = std::move(found->second->file);
    cached_bytes_ -= found->second->cached_bytes;
    used_.erase(found->second->used);
    entries_.erase(found);
  }
  if (file) options_.gone(file->path());
}

}  // namespace kalam::cold
