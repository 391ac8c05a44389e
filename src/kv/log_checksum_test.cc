#include "log_checksum.h"

#include <gtest/gtest.h>
#include <rocksdb/file_checksum.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace kalam::kv {
namespace {

std::uint32_t Crc32c(std::string_view data) { return ExtendCrc32c(0, data.data(), data.size()); }

// The test vectors of RFC 3720, B.4, and the one of the CRC catalogues.
TEST(LogChecksum, IsCrc32c) {
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
  std::string ascending;
  for (char c = 0; c < 32; ++c) ascending += c;
  EXPECT_EQ(Crc32c(ascending), 0x46DD794Eu);
}

TEST(LogChecksum, GoesOnFromAnyPlace) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += static_cast<char>(i * 37);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const std::string_view whole = text;
    EXPECT_EQ(ExtendCrc32c(Crc32c(whole.substr(0, cut)), text.data() + cut, text.size() - cut), Crc32c(text));
  }
}

// If this fails on a new version of the engine, nothing is wrong but the speed: see log_checksum.h.
TEST(LogChecksum, TheEngineUsesIt) {
  EXPECT_TRUE(EngineUsesOurCrc32c());
  // What the engine makes of it is big-endian text of the same number.
  const auto generator = rocksdb::GetFileChecksumGenCrc32cFactory()->CreateFileChecksumGenerator({});
  generator->Update("123456789", 9);
  generator->Finalize();
  EXPECT_EQ(LoadBigEndian<std::uint32_t>(generator->GetChecksum().data()), 0xE3069283u);
}

}  // namespace
}  // namespace kalam::kv
