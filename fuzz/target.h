#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

// What libFuzzer calls with each input, and what replay_test.cc calls with the files of corpus/ and with
// mixtures of them. Never fails: what must not happen ends the process.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace kalam::fuzz {

// A promise of the code under test. Loud, so that a fuzzer keeps the input.
inline void Require(bool holds, const char* promise, std::string_view input) {
  if (holds) return;
  std::fprintf(stderr, "BROKEN: %s\ninput: ", promise);
  std::fwrite(input.data(), 1, input.size(), stderr);
  std::abort();
}

inline std::string_view TextOf(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace kalam::fuzz
