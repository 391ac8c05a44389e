// The corpus of one target, file by file, and mixtures of its files: what the fuzzers once found stays
// found, with any compiler. KALAM_FUZZ_CORPUS and KALAM_FUZZ_ROUNDS come from CMake.

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fuzz/target.h"

namespace kalam::fuzz {
namespace {

std::vector<std::string> Corpus() {
  std::vector<std::string> texts;
  for (const auto& file : std::filesystem::directory_iterator(KALAM_FUZZ_CORPUS)) {
    std::ostringstream text;
    text << std::ifstream(file.path(), std::ios::binary).rdbuf();
    texts.push_back(text.str());
  }
  return texts;
}

void Take(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

TEST(Replay, TheCorpusDoesNoHarm) {
  const auto corpus = Corpus();
  ASSERT_FALSE(corpus.empty());
  for (const std::string& text : corpus) Take(text);
}

TEST(Replay, MixturesOfTheCorpusDoNoHarm) {
  const auto seed = std::random_device{}();
  std::printf("seed=%u\n", seed);  // before anything can end the process
  std::fflush(stdout);
  std::mt19937 random(seed);
  const auto corpus = Corpus();
  const auto piece_of = [&](const std::string& text) {
    const std::size_t begin = random() % (text.size() + 1);
    return text.substr(begin, random() % 40);
  };
  for (int round = 0; round < KALAM_FUZZ_ROUNDS; ++round) {
    std::string text = corpus[random() % corpus.size()];
    for (auto changes = 1 + random() % 4; changes > 0; --changes) {
      const std::size_t at = random() % (text.size() + 1);
      switch (random() % 4) {
        case 0: text.insert(at, piece_of(corpus[random() % corpus.size()])); break;
        case 1: text.erase(at, random() % 10); break;
        case 2: text.replace(at, random() % 10, piece_of(text)); break;
        default: text.insert(at, 1, static_cast<char>(random())); break;
      }
    }
    Take(text);
  }
}

}  // namespace
}  // namespace kalam::fuzz
