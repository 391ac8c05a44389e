#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>

namespace kalam::cold {

struct FileDigest {
  std::uint64_t bytes = 0;
  std::string sha256;  // lower-case hex
};

// Reads a whole file. Errors: kIo, kNotFound.
Result<FileDigest> DigestFile(const std::string& path);

}  // namespace kalam::cold
