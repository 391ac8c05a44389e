#include "cold/file_store.h"

#include "file_descriptor.h"

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kalam::cold {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStaging = ".staging";  // no ObjectName starts with a dot
constexpr std::size_t kCopyBytes = 1 << 20;
// A folder that another thread just found empty may be removed between our making and our using it.
constexpr int kFolderAttempts = 16;

Error IoError(std::string_view deed, std::string_view what, int code = errno) {
  const ErrorCode kind = code == ENOENT   ? ErrorCode::kNotFound
                         : code == EEXIST ? ErrorCode::kAlreadyExists
                                          : ErrorCode::kIo;
  return Error(kind, std::string(deed) + " '" + std::string(what) + "': " + std::strerror(code));
}

Status SyncFd(int fd, std::string_view what) {
  if (::fsync(fd) != 0) return IoError("sync", what);
  return {};
}

// `a/b/c.parquet` as folders `a`, `b` and the file `c.parquet`.
struct SplitName {
  std::vector<std::string> folders;
  std::string file;
};

SplitName Split(const ObjectName& name) {
  SplitName split;
  const std::string& text = name.text();
  std::size_t begin = 0;
  for (std::size_t slash = text.find('/'); slash != std::string::npos;
       slash = text.find('/', begin)) {
    split.folders.push_back(text.substr(begin, slash - begin));
    begin = slash + 1;
  }
  split.file = text.substr(begin);
  return split;
}

FileDescriptor OpenFolder(int parent, const char* name) {
  return FileDescriptor(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

class FileStore final : public ObjectStore {
 public:
  FileStore(fs::path root, FileDescriptor folder)
      : root_(std::move(root)), staging_(root_ / kStaging), folder_(std::move(folder)) {}

  const fs::path& staging_folder() const override { return staging_; }

  Status PutFile(const ObjectName& name, const fs::path& local) override {
    const FileDescriptor source(::open(local.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!source) return IoError("open", local.string());
    KALAM_TRY(SyncFd(source.get(), local.string()));
    const SplitName split = Split(name);
    for (int attempt = 1;; ++attempt) {
      Status moved = MoveInto(split, name, local);
      const bool folder_vanished = !moved.ok() && moved.error().code() == ErrorCode::kNotFound;
      if (!folder_vanished || attempt == kFolderAttempts) return moved;
    }
  }

  Result<std::string> GetRange(const ObjectName& name, std::uint64_t offset,
                               std::uint64_t bytes) const override {
    KALAM_TRY_ASSIGN(const FileDescriptor file, OpenObject(name));
    std::string out(bytes, '\0');
    std::size_t have = 0;
    while (have < bytes) {
      const ssize_t got =
          ::pread(file.get(), out.data() + have, bytes - have, static_cast<off_t>(offset + have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return IoError("read", name.text());
      if (got == 0) break;
      have += static_cast<std::size_t>(got);
    }
    out.resize(have);
    return out;
  }

  Status Fetch(const ObjectName& name, const fs::path& local) const override {
    KALAM_TRY_ASSIGN(const FileDescriptor file, OpenObject(name));
    const FileDescriptor copy(::open(local.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
    if (!copy) return IoError("create", local.string());
    while (true) {
      const ssize_t copied =
          ::copy_file_range(file.get(), nullptr, copy.get(), nullptr, kCopyBytes, 0);
      if (copied == 0) return {};
      if (copied < 0 && errno != EINTR) return IoError("copy", name.text());
    }
  }

  std::optional<fs::path> LocalPath(const ObjectName& name) const override {
    return root_ / name.text();
  }

  Status List(std::string_view prefix, const ListFn& use) const override {
    // The folders that the prefix names in full are entered directly; the rest is compared name by
    // name.
    std::string path;
    FileDescriptor folder = folder_.Duplicate();
    for (std::size_t slash = prefix.find('/'); slash != std::string_view::npos;
         slash = prefix.find('/', path.size())) {
      const std::string segment(prefix.substr(path.size(), slash - path.size()));
      folder = OpenFolder(folder.get(), segment.c_str());
      if (!folder) return errno == ENOENT ? Status() : IoError("list", prefix);
      path = prefix.substr(0, slash + 1);
    }
    return ListFolder(std::move(folder), path, prefix, use);
  }

  Status Delete(const ObjectName& name) override {
    const SplitName split = Split(name);
    std::vector<FileDescriptor> folders;  // the root, then each below it
    folders.push_back(folder_.Duplicate());
    for (const std::string& segment : split.folders) {
      folders.push_back(OpenFolder(folders.back().get(), segment.c_str()));
      if (!folders.back()) return errno == ENOENT ? Status() : IoError("delete", name.text());
    }
    if (::unlinkat(folders.back().get(), split.file.c_str(), 0) != 0 && errno != ENOENT) {
      return IoError("delete", name.text());
    }
    KALAM_TRY(SyncFd(folders.back().get(), name.text()));
    // A folder that still holds something refuses, which ends the climb.
    for (std::size_t i = split.folders.size(); i > 0; --i) {
      if (::unlinkat(folders[i - 1].get(), split.folders[i - 1].c_str(), AT_REMOVEDIR) != 0) break;
      KALAM_TRY(SyncFd(folders[i - 1].get(), name.text()));
    }
    return {};
  }

  // What a crash left half made. What this process makes stays: a store may be opened while another one of the same
  // folder is at work.
  Status ClearStaging() const {
    static const fs::file_time_type process_began = fs::file_time_type::clock::now();
    if (::mkdirat(folder_.get(), kStaging, 0750) != 0 && errno != EEXIST)
      return IoError("create", staging_.string());
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(staging_, error)) {
      std::error_code gone;  // finished and moved meanwhile
      if (entry.last_write_time(gone) < process_began && !gone) fs::remove(entry.path(), error);
    }
    if (error)
      return Error(ErrorCode::kIo, "clear '" + staging_.string() + "': " + error.message());
    return {};
  }

 private:
  // Errors: kNotFound when a folder vanished meanwhile.
  Status MoveInto(const SplitName& split, const ObjectName& name, const fs::path& local) const {
    KALAM_TRY_ASSIGN(const FileDescriptor folder, MakeFolders(split));
    if (::renameat2(AT_FDCWD, local.c_str(), folder.get(), split.file.c_str(), RENAME_NOREPLACE) !=
        0) {
      return IoError("store", name.text());
    }
    Status synced = SyncFd(folder.get(), name.text());
    // Nobody knows whether it would be there after a crash: it is not there now.
    if (!synced.ok())
      (void)::renameat2(folder.get(), split.file.c_str(), AT_FDCWD, local.c_str(), RENAME_NOREPLACE);
    return synced;
  }

  // The folder of an object, made where missing; each new entry is synced before it is built upon.
  Result<FileDescriptor> MakeFolders(const SplitName& split) const {
    FileDescriptor folder = folder_.Duplicate();
    for (const std::string& segment : split.folders) {
      if (::mkdirat(folder.get(), segment.c_str(), 0750) == 0) {
        KALAM_TRY(SyncFd(folder.get(), segment));
      } else if (errno != EEXIST && errno != ENOENT) {
        return IoError("create folder", segment);
      }
      FileDescriptor next = OpenFolder(folder.get(), segment.c_str());
      if (!next) return IoError("open folder", segment);
      folder = std::move(next);
    }
    return folder;
  }

  Result<FileDescriptor> OpenObject(const ObjectName& name) const {
    const SplitName split = Split(name);
    FileDescriptor folder = folder_.Duplicate();
    for (const std::string& segment : split.folders) {
      folder = OpenFolder(folder.get(), segment.c_str());
      if (!folder) return IoError("open", name.text());
    }
    FileDescriptor file(
        ::openat(folder.get(), split.file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!file) return IoError("open", name.text());
    return file;
  }

  static Status ListFolder(FileDescriptor folder, const std::string& path, std::string_view prefix,
                           const ListFn& use) {
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(folder.get()), ::closedir);
    if (!entries) return IoError("list", path);
    folder.Release();  // closedir closes it
    const int fd = ::dirfd(entries.get());
    while (const dirent* entry = ::readdir(entries.get())) {
      const std::string name = path + entry->d_name;
      if (entry->d_name[0] == '.') continue;
      const bool within = name.starts_with(prefix) || prefix.starts_with(name + "/");
      struct stat info {};
      if (!within || ::fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
      if (S_ISDIR(info.st_mode)) {
        FileDescriptor child = OpenFolder(fd, entry->d_name);
        if (child) KALAM_TRY(ListFolder(std::move(child), name + "/", prefix, use));
      } else if (S_ISREG(info.st_mode) && name.starts_with(prefix)) {
        auto object = ObjectName::Parse(name);
        if (object.ok())
          KALAM_TRY(use({*std::move(object), static_cast<std::uint64_t>(info.st_size)}));
      }
    }
    return {};
  }

  const fs::path root_;
  const fs::path staging_;
  const FileDescriptor folder_;  // the root, open: a renamed or replaced root is not followed
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> OpenFileStore(const fs::path& root) {
  std::error_code error;
  fs::create_directories(root, error);
  if (error) return Error(ErrorCode::kIo, "create '" + root.string() + "': " + error.message());
  FileDescriptor folder(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return IoError("open", root.string());
  auto store = std::make_unique<FileStore>(root, std::move(folder));
  KALAM_TRY(store->ClearStaging());
  return std::unique_ptr<ObjectStore>(std::move(store));
}

}  // namespace kalam::cold
