#include "cold/file_digest.h"

#include "file_descriptor.h"
#include "sigv4.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <openssl/evp.h>

namespace kalam::cold {
namespace {

constexpr std::size_t kBlock = 1 << 20;

Error FailedTo(const char* what, const std::string& path) {
  return Error(errno == ENOENT || errno == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kIo,
               std::string(what) + " '" + path + "': " + std::strerror(errno));
}

// Calls `use` with each piece of the file.
template <typename Use>
Result<FileDigest> ReadThrough(const std::string& path, const Use& use) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return FailedTo("open", path);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  FileDigest digest;
  std::vector<char> block(kBlock);
  while (true) {
    const ssize_t read = ::read(file.get(), block.data(), block.size());
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) return FailedTo("read", path);
    if (read == 0) break;
    const std::string_view piece(block.data(), static_cast<std::size_t>(read));
    EVP_DigestUpdate(context.get(), piece.data(), piece.size());
    digest.bytes += piece.size();
    KALAM_TRY(use(piece));
  }
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_DigestFinal_ex(context.get(), bytes, &size);
  digest.sha256 = HexLower({reinterpret_cast<const char*>(bytes), size});
  return digest;
}

Status WriteAll(int file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FailedTo("write", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Result<FileDigest> DigestFile(const std::string& path) {
  return ReadThrough(path, [](std::string_view) { return Status(); });
}

std::string DigestOf(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr);
  return HexLower({reinterpret_cast<const char*>(digest), size});
}

Status CopyVerified(const std::filesystem::path& from, const std::filesystem::path& to, const std::string& sha256) {
  const FileDescriptor copy(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
  if (!copy) return FailedTo("create", to);
  const auto digest = ReadThrough(from, [&](std::string_view piece) { return WriteAll(copy.get(), piece, to); });
  Status status = digest.ok() ? Status() : Status(digest.error());
  if (status.ok() && digest->sha256 != sha256) {
    status = Error(ErrorCode::kCorruption,
                   "file '" + from.string() + "' is damaged: its checksum is not the one that was stored with it");
  }
  if (status.ok() && ::fsync(copy.get()) != 0) status = FailedTo("sync", to);
  if (!status.ok()) ::unlink(to.c_str());
  return status;
}

Status WriteFile(const std::filesystem::path& path, std::string_view bytes) {
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
  if (!file) return FailedTo("create", path);
  Status written = WriteAll(file.get(), bytes, path);
  if (!written.ok()) ::unlink(path.c_str());
  return written;
}

}  // namespace kalam::cold
