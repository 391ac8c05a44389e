// Loaded before the C library into a server that is tested: counts the calls that change files
// below some path, and makes one of them fail, or the process die there, as a test has planned
// (control.h). With kKillUnsynced it plays a loss of power: bytes that were not synced, and names
// whose folder was not, are gone.

#include "control.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

using kalam::test::IoFaultControl;
using Deed = IoFaultControl::Deed;

IoFaultControl* control = nullptr;

__attribute__((constructor)) void MapControl() {
  const char* path = std::getenv(IoFaultControl::kEnvironment);
  if (path == nullptr) return;
  const long fd = ::syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* mapped = ::mmap(nullptr, sizeof(IoFaultControl), PROT_READ | PROT_WRITE, MAP_SHARED,
                        static_cast<int>(fd), 0);
  ::syscall(SYS_close, fd);
  if (mapped != MAP_FAILED) control = static_cast<IoFaultControl*>(mapped);
}

std::string PathOf(int fd) {
  char link[64], path[PATH_MAX];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = ::readlink(link, path, sizeof path);
  return length > 0 ? std::string(path, static_cast<std::size_t>(length)) : std::string();
}
std::string PathAt(int folder, const char* name) {
  if (name[0] == '/' || folder == AT_FDCWD) return name;
  return PathOf(folder) + "/" + name;
}
// `/socket/9000/`: the port of the other end.
std::string PathOfSocket(int fd) {
  sockaddr_in peer{};
  socklen_t size = sizeof peer;
  if (::syscall(SYS_getpeername, fd, &peer, &size) != 0 || peer.sin_family != AF_INET) return "";
  return "/socket/" + std::to_string(ntohs(peer.sin_port)) + "/";
}
std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

// What a loss of power would take, of all files of the server.
class Unsynced {
 public:
  // Before the first write since the last sync: what lies before `at`, where it writes, is safe. Not all of the file
  // is, which may have got its length before its bytes.
  void Writing(int fd, off_t at) {
    struct stat info {};
    if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return;
    const std::lock_guard lock(mutex_);
    if (Find(info) != files_.end()) return;
    files_.push_back(
        {info.st_dev, info.st_ino, ::fcntl(fd, F_DUPFD_CLOEXEC, 0), std::min(info.st_size, at)});
  }
  void Synced(int fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return;
    const std::lock_guard lock(mutex_);
    if (S_ISDIR(info.st_mode)) {
      const std::string folder = PathOf(fd);
      std::erase_if(names_, [&](const Name& name) { return FolderOf(name.now) == folder; });
      return;
    }
    const auto found = Find(info);
    if (found == files_.end()) return;
    ::syscall(SYS_close, found->fd);
    files_.erase(found);
  }
  void Created(const std::string& path) {
    const std::lock_guard lock(mutex_);
    names_.push_back({path, ""});
  }
  void Renamed(const std::string& from, const std::string& to) {
    const std::lock_guard lock(mutex_);
    std::erase_if(names_, [&](const Name& name) { return name.now == from; });
    names_.push_back({to, from});
  }

  // The power goes for the whole process at once: no thread of it may see what is lost, or store anything after it. So
  // a child outlives the process, and loses for it. It has a copy of the memory, and allocates nothing: another
  // thread may have been at it.
  [[noreturn]] void LoseAndDie() {
    mutex_.lock();
    control->losing = true;
    const auto process = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));
    if (::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0) {
      ::syscall(SYS_pidfd_send_signal, process, SIGKILL, nullptr, 0);
      pollfd ended{.fd = process, .events = POLLIN, .revents = 0};
      while (::poll(&ended, 1, -1) != 1) {
      }
      Lose();
      control->losing = false;
      ::syscall(SYS_exit_group, 0);
    }
    while (true) ::pause();
  }

 private:
  void Lose() {
    for (const File& file : files_) ::syscall(SYS_ftruncate, file.fd, file.safe_bytes);
    for (auto name = names_.rbegin(); name != names_.rend(); ++name) {
      if (name->before.empty()) {
        if (::syscall(SYS_unlink, name->now.c_str()) != 0) ::syscall(SYS_rmdir, name->now.c_str());
      } else {
        ::syscall(SYS_rename, name->now.c_str(), name->before.c_str());
      }
    }
  }

  struct File {
    dev_t device;
    ino_t inode;
    int fd;  // of our own
    off_t safe_bytes;
  };
  struct Name {
    std::string now, before;  // `before` empty: made
  };

  std::vector<File>::iterator Find(const struct stat& info) {
    return std::find_if(files_.begin(), files_.end(), [&](const File& file) {
      return file.device == info.st_dev && file.inode == info.st_ino;
    });
  }

  std::mutex mutex_;
  std::vector<File> files_;
  std::vector<Name> names_;
};

Unsynced& Power() {
  static Unsynced* const power = new Unsynced;  // until the very end
  return *power;
}

// What comes when it comes, so that numbers of calls would be others each time, and is no part of what is tested: zeros
// ahead of the write-ahead log (src/kv/log_zeroer.h), and compactions of the store.
bool IsInTheBackground() {
  char name[16] = "";
  ::prctl(PR_GET_NAME, name);
  const std::string_view thread = name;
  return thread == "wal-zero" || thread.starts_with("rocksdb:low");
}

enum class Needs { kSpace, kNothing };

// True: the call must fail, errno says how.
bool Fails(const char* call, const std::string& path, Needs needs) {
  if (control == nullptr || !control->armed) return false;
  if (path.find(control->part) == std::string::npos || IsInTheBackground()) return false;
  const std::uint64_t number = control->calls.fetch_add(1);
  if (number < control->at) return false;
  const bool first = number == control->at;
  const Deed deed = control->deed;
  const bool due =
      first || deed == Deed::kFailAll || (deed == Deed::kFailFromHere && needs == Needs::kSpace);
  if (!due) return false;
  if (first) {
    std::snprintf(control->hit_call, sizeof control->hit_call, "%s %s", call, path.c_str());
    control->hit = true;
  }
  if (deed == Deed::kKill || deed == Deed::kKillUnsynced) {
    if (deed == Deed::kKillUnsynced) Power().LoseAndDie();
    ::raise(SIGKILL);
  }
  errno = control->error;
  return true;
}

// A test that never plays a loss of power pays nothing for it.
bool Watched() { return control != nullptr; }

int Open(int folder, const char* name, int flags, mode_t mode) {
  const bool creates = (flags & O_CREAT) != 0 && Watched();
  const std::string path = creates ? PathAt(folder, name) : std::string();
  const bool is_new = creates && ::syscall(SYS_faccessat, folder, name, F_OK) != 0;
  if (is_new && Fails("create", path, Needs::kSpace)) return -1;
  const int fd = static_cast<int>(::syscall(SYS_openat, folder, name, flags, mode));
  if (fd >= 0 && is_new) Power().Created(path);
  return fd;
}

constexpr off_t kAtEnd = std::numeric_limits<off_t>::max();

// Where a write without a place of its own goes.
off_t Place(int fd) {
  const int flags = Watched() ? ::fcntl(fd, F_GETFL) : -1;
  if (flags < 0 || (flags & O_APPEND) != 0) return kAtEnd;
  const off_t at = ::lseek(fd, 0, SEEK_CUR);
  return at < 0 ? kAtEnd : at;
}

template <typename Write>
auto Writing(const char* call, int fd, Write write, off_t at = kAtEnd) -> decltype(write()) {
  if (Watched()) {
    const std::string path = PathOf(fd);
    if (!path.empty() && path[0] == '/' && !path.starts_with("/dev/")) {
      if (Fails(call, path, Needs::kSpace)) return -1;
      Power().Writing(fd, at);
    }
  }
  return write();
}

int Sync(const char* call, int fd, long number) {
  if (Watched() && Fails(call, PathOf(fd), Needs::kNothing)) return -1;
  const int done = static_cast<int>(::syscall(number, fd));
  if (done == 0 && Watched()) Power().Synced(fd);
  return done;
}

int Rename(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  const std::string path = Watched() ? PathAt(to_folder, to) : std::string();
  if (Fails("rename", path, Needs::kSpace)) return -1;
  const int done =
      static_cast<int>(::syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
  if (done == 0 && Watched()) Power().Renamed(PathAt(from_folder, from), path);
  return done;
}

int MakeFolder(int folder, const char* name, mode_t mode) {
  const std::string path = Watched() ? PathAt(folder, name) : std::string();
  const bool is_new = Watched() && ::syscall(SYS_faccessat, folder, name, F_OK) != 0;
  if (is_new && Fails("mkdir", path, Needs::kSpace)) return -1;
  const int done = static_cast<int>(::syscall(SYS_mkdirat, folder, name, mode));
  if (done == 0 && Watched()) Power().Created(path);
  return done;
}

int Remove(int folder, const char* name, int flags) {
  const bool is_there = Watched() && ::syscall(SYS_faccessat, folder, name, F_OK) == 0;
  if (is_there && Fails((flags & AT_REMOVEDIR) != 0 ? "rmdir" : "unlink", PathAt(folder, name),
                        Needs::kNothing))
    return -1;
  return static_cast<int>(::syscall(SYS_unlinkat, folder, name, flags));
}

// Has the other end said something?
bool HasAnswer(int fd) {
  char first;
  return ::syscall(SYS_recvfrom, fd, &first, 1, MSG_PEEK | MSG_DONTWAIT, nullptr, nullptr) > 0;
}

mode_t ModeOf(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(arguments, int)) : 0;
}

}  // namespace

// The same names as the C library's, which come first.
extern "C" {

#define KALAM_OPEN(name)                          \
  int name(const char* path, int flags, ...) {    \
    va_list arguments;                            \
    va_start(arguments, flags);                   \
    const mode_t mode = ModeOf(flags, arguments); \
    va_end(arguments);                            \
    return Open(AT_FDCWD, path, flags, mode);     \
  }
#define KALAM_OPENAT(name)                                 \
  int name(int folder, const char* path, int flags, ...) { \
    va_list arguments;                                     \
    va_start(arguments, flags);                            \
    const mode_t mode = ModeOf(flags, arguments);          \
    va_end(arguments);                                     \
    return Open(folder, path, flags, mode);                \
  }
KALAM_OPEN(open)
KALAM_OPEN(open64)
KALAM_OPENAT(openat)
KALAM_OPENAT(openat64)

ssize_t write(int fd, const void* bytes, size_t count) {
  return Writing("write", fd, [&]() -> ssize_t { return ::syscall(SYS_write, fd, bytes, count); }, Place(fd));
}
ssize_t writev(int fd, const struct iovec* pieces, int count) {
  return Writing("write", fd, [&]() -> ssize_t { return ::syscall(SYS_writev, fd, pieces, count); }, Place(fd));
}
ssize_t pwrite(int fd, const void* bytes, size_t count, off_t at) {
  return Writing("write", fd,
                 [&]() -> ssize_t { return ::syscall(SYS_pwrite64, fd, bytes, count, at); });
}
ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t at) {
  return pwrite(fd, bytes, count, at);
}
int ftruncate(int fd, off_t length) noexcept {
  return Writing("ftruncate", fd,
                 [&] { return static_cast<int>(::syscall(SYS_ftruncate, fd, length)); });
}
int ftruncate64(int fd, off64_t length) noexcept { return ftruncate(fd, length); }
int fallocate(int fd, int mode, off_t at, off_t length) {
  return Writing("fallocate", fd,
                 [&] { return static_cast<int>(::syscall(SYS_fallocate, fd, mode, at, length)); });
}
int fallocate64(int fd, int mode, off64_t at, off64_t length) {
  return fallocate(fd, mode, at, length);
}
ssize_t copy_file_range(int in, off64_t* in_at, int out, off64_t* out_at, size_t count,
                        unsigned flags) {
  return Writing("copy", out, [&]() -> ssize_t {
    return ::syscall(SYS_copy_file_range, in, in_at, out, out_at, count, flags);
  });
}
ssize_t sendfile(int out, int in, off_t* at, size_t count) noexcept {
  return Writing("copy", out,
                 [&]() -> ssize_t { return ::syscall(SYS_sendfile, out, in, at, count); });
}
int fsync(int fd) { return Sync("fsync", fd, SYS_fsync); }
int fdatasync(int fd) { return Sync("fdatasync", fd, SYS_fdatasync); }
int rename(const char* from, const char* to) noexcept {
  return Rename(AT_FDCWD, from, AT_FDCWD, to, 0);
}
int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  return Rename(from_folder, from, to_folder, to, 0);
}
int renameat2(int from_folder, const char* from, int to_folder, const char* to,
              unsigned flags) noexcept {
  return Rename(from_folder, from, to_folder, to, flags);
}
int mkdir(const char* path, mode_t mode) noexcept { return MakeFolder(AT_FDCWD, path, mode); }
int mkdirat(int folder, const char* path, mode_t mode) noexcept {
  return MakeFolder(folder, path, mode);
}
int unlink(const char* path) noexcept { return Remove(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char* path, int flags) noexcept {
  return Remove(folder, path, flags);
}
int rmdir(const char* path) noexcept { return Remove(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char* path) noexcept {
  const int done = Remove(AT_FDCWD, path, 0);
  return done != 0 && (errno == EISDIR || errno == EPERM) ? Remove(AT_FDCWD, path, AT_REMOVEDIR)
                                                          : done;
}

ssize_t send(int fd, const void* bytes, size_t count, int flags) {
  if (Watched() && Fails("send", PathOfSocket(fd), Needs::kNothing)) return -1;
  return ::syscall(SYS_sendto, fd, bytes, count, flags, nullptr, 0);
}
ssize_t recv(int fd, void* bytes, size_t count, int flags) {
  if (Watched() && HasAnswer(fd) && Fails("recv", PathOfSocket(fd), Needs::kNothing)) return -1;
  return ::syscall(SYS_recvfrom, fd, bytes, count, flags, nullptr, nullptr);
}

}  // extern "C"
