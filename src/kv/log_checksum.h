#pragma once

#include <cstddef>
#include <cstdint>

namespace kalam::kv {

// CRC-32C of what `crc` is the checksum of, followed by `data`; 0 for nothing.
std::uint32_t ExtendCrc32c(std::uint32_t crc, const char* data, std::size_t size);

// Whether the engine computes the checksums of its write-ahead log with the function above, and that with the
// processor's instruction. Debian builds the engine for any x86-64 processor, so its own does without: 11 % of the
// server's time in inserts of many rows. But the engine calls `rocksdb::crc32c::Extend` as a function that it
// exports, so a definition in the program takes its place (log_checksum.cc). Whoever calls this has that
// definition linked into the program.
bool EngineUsesOurCrc32c();

}  // namespace kalam::kv
