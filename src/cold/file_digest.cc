#include "cold/file_digest.h"

#include "file_descriptor.h"
#include "sigv4.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include <openssl/evp.h>

namespace kalam::cold {

Result<FileDigest> DigestFile(const std::string& path) {
  constexpr std::size_t kBlock = 1 << 20;
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    return Error(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                 "open '" + path + "': " + std::strerror(errno));
  }
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  FileDigest digest;
  std::vector<char> block(kBlock);
  while (true) {
    const ssize_t read = ::read(file.get(), block.data(), block.size());
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) return Error(ErrorCode::kIo, "read '" + path + "': " + std::strerror(errno));
    if (read == 0) break;
    EVP_DigestUpdate(context.get(), block.data(), static_cast<std::size_t>(read));
    digest.bytes += static_cast<std::uint64_t>(read);
  }
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_DigestFinal_ex(context.get(), bytes, &size);
  digest.sha256 = HexLower({reinterpret_cast<const char*>(bytes), size});
  return digest;
}

}  // namespace kalam::cold
