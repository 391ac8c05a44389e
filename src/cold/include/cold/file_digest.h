#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace kalam::cold {

struct FileDigest {
  std::uint64_t bytes = 0;
  std::string sha256;  // lower-case hex
};

// Reads a whole file. Errors: kIo, kNotFound.
Result<FileDigest> DigestFile(const std::string& path);

// SHA-256 of some bytes, lower-case hex.
std::string DigestOf(std::string_view bytes);

// Copies a file to a new one, which is on disk when this returns. Errors: kCorruption, with the file's name, when its
// SHA-256 is another one: there is no copy then; kNotFound, kIo.
Status CopyVerified(const std::filesystem::path& from, const std::filesystem::path& to, const std::string& sha256);

// Writes a new file, which need not be on disk when this returns. After a failure there is none. Errors: kIo.
Status WriteFile(const std::filesystem::path& path, std::string_view bytes);

}  // namespace kalam::cold
