#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace kalam::test {

// What a test and the library in its server's process share: a file that both have mapped. The test
// writes the plan while `armed` is false.
struct IoFaultControl {
  static constexpr const char* kEnvironment = "KALAM_TEST_IO_FAULTS";  // path of the file

  enum class Deed : std::uint32_t {
    kFail,          // this call fails, later ones don't
    kFailFromHere,  // ... and each later one that needs space
    kFailAll,       // ... and each later one
    kKill,          // the process dies before the call
    kKillUnsynced,  // ... and what was not synced is gone
  };

  std::atomic<bool> armed;
  std::atomic<std::uint64_t> calls;  // on matching paths, since armed
  std::atomic<bool> hit;
  std::atomic<bool> losing;  // kKillUnsynced: the process has ended, and its files are not yet as they will be
  std::uint64_t at;  // number of the call, from 0
  Deed deed;
  std::int32_t error;
  char part[256];       // paths that contain this
  char hit_call[1024];  // `fsync /x/y`, for reports
};

}  // namespace kalam::test
