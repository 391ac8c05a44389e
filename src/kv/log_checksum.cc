#include "log_checksum.h"

#include <dlfcn.h>

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace rocksdb::crc32c {

// Part of the engine's library, in none of its public headers; see log_checksum.h.
std::uint32_t Extend(std::uint32_t init_crc, const char* data, std::size_t n);

}  // namespace rocksdb::crc32c

namespace kalam::kv {
namespace {

// For processors without the instruction.
std::uint32_t ExtendByTable(std::uint32_t state, const char* data, std::size_t size) {
  static constexpr auto kTable = [] {
    constexpr std::uint32_t kReversedPolynomial = 0x82F63B78;
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
      std::uint32_t value = byte;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? kReversedPolynomial : 0);
      table[byte] = value;
    }
    return table;
  }();
  for (std::size_t i = 0; i < size; ++i) {
    state = kTable[(state ^ static_cast<unsigned char>(data[i])) & 0xFF] ^ (state >> 8);
  }
  return state;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t ExtendByInstruction(std::uint32_t state, const char* data,
                                                                    std::size_t size) {
  std::uint64_t wide = state;
  for (; size >= sizeof(std::uint64_t); data += sizeof(std::uint64_t), size -= sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, data, sizeof(word));
    wide = _mm_crc32_u64(wide, word);
  }
  auto narrow = static_cast<std::uint32_t>(wide);
  for (; size > 0; ++data, --size) narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(*data));
  return narrow;
}

const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
#endif

}  // namespace

std::uint32_t ExtendCrc32c(std::uint32_t crc, const char* data, std::size_t size) {
#if defined(__x86_64__)
  if (has_instruction) return ~ExtendByInstruction(~crc, data, size);
#endif
  return ~ExtendByTable(~crc, data, size);
}

bool EngineUsesOurCrc32c() {
#if defined(__x86_64__)
  const void* const used = ::dlsym(RTLD_DEFAULT, "_ZN7rocksdb6crc32c6ExtendEjPKcm");
  return used == reinterpret_cast<const void*>(&rocksdb::crc32c::Extend) && has_instruction;
#else
  return false;
#endif
}

}  // namespace kalam::kv

#if defined(__x86_64__)
std::uint32_t rocksdb::crc32c::Extend(std::uint32_t init_crc, const char* data, std::size_t n) {
  return kalam::kv::ExtendCrc32c(init_crc, data, n);
}
#endif
