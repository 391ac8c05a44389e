#include <atomic>
#include <latch>
#include <memory>
#include <thread>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/gate.h"
#include "base/json_writer.h"
#include "base/memory_use.h"
#include "base/result.h"
#include "base/worker_pool.h"

namespace kalam {
namespace {

Result<int> Half(int n) {
  if (n % 2 != 0) return Error(ErrorCode::kInvalidArgument, "odd");
  return n / 2;
}

Result<int> Quarter(int n) {
  KALAM_TRY_ASSIGN(const int half, Half(n).Context("first half"));
  KALAM_TRY_ASSIGN(const int quarter, Half(half).Context("second half"));
  return quarter;
}

TEST(Result, CarriesTheValueThroughTryAssign) { EXPECT_EQ(Quarter(12).value(), 3); }

TEST(Result, TellsTheStoryOfAFailure) {
  const auto result = Quarter(6);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message(), "second half: odd");
  EXPECT_EQ(result.error().code(), ErrorCode::kInvalidArgument);
}

TEST(Bytes, BigEndianOrderIsNumericOrder) {
  std::string small, large;
  AppendBigEndian<std::uint32_t>(small, 255);
  AppendBigEndian<std::uint32_t>(large, 256);
  EXPECT_LT(small, large);
  EXPECT_EQ(LoadBigEndian<std::uint32_t>(large.data()), 256u);
}

TEST(Bytes, PrefixSuccessorEndsTheRange) {
  EXPECT_EQ(PrefixSuccessor("ab"), "ac");
  EXPECT_EQ(PrefixSuccessor(std::string("a\xFF", 2)), "b");
  EXPECT_EQ(PrefixSuccessor("\xFF"), "");
}

TEST(JsonWriter, PlacesCommasAndEscapes) {
  std::string out;
  JsonWriter(out).BeginObject().Key("a\"b").String("x\n\x01").Key("n").BeginArray().Int(-1).Double(0.1)
      .Double(1.0 / 0.0).Bool(true).EndArray().EndObject();
  EXPECT_EQ(out, R"({"a\"b":"x\n\u0001","n":[-1,0.1,null,true]})");
}

TEST(JsonWriter, ReplacesWhatIsNotUtf8AndKeepsWhatIs) {
  std::string out;
  AppendJsonString(out, "gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80 \xFF\xED\xA0\x80.");
  EXPECT_EQ(out, "\"gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80 \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD.\"");
}

// Texts are looked at in blocks: each byte at each place, with plain bytes before and behind.
TEST(JsonWriter, EscapesWhereverAByteStands) {
  const std::pair<char, std::string_view> bytes[] = {
      {'"', "\\\""}, {'\\', "\\\\"}, {'\n', "\\n"},     {'\x1f', "\\u001f"}, {'\x7f', "\\u007f"},
      {' ', " "},      {'~', "~"},      {'\x80', "\xEF\xBF\xBD"}, {'\xff', "\xEF\xBF\xBD"}, {'\0', "\\u0000"}};
  for (const auto& [byte, escaped] : bytes) {
    for (std::size_t before = 0; before < 40; ++before) {
      for (const std::size_t behind : {0, 1, 15, 16, 17}) {
        std::string out;
        AppendJsonString(out, std::string(before, 'a') + byte + std::string(behind, 'b'));
        EXPECT_EQ(out, '"' + std::string(before, 'a') + std::string(escaped) + std::string(behind, 'b') + '"');
      }
    }
  }
}

TEST(Gate, CloseWaitsForThoseInsideAndRefusesNewcomers) {
  Gate gate;
  ASSERT_TRUE(gate.TryEnter());
  std::atomic<bool> closed = false;
  std::thread closer([&] {
    gate.Close();
    closed = true;
  });
  while (gate.TryEnter()) gate.Leave();  // until Close has begun
  EXPECT_FALSE(closed);
  gate.Leave();
  closer.join();
  EXPECT_TRUE(closed);
}

TEST(WorkerPool, RunsEveryAcceptedTaskBeforeItIsGone) {
  std::atomic<int> ran = 0;
  {
    WorkerPool pool(2, 100);
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(pool.TryPost([&] { ++ran; }));
  }
  EXPECT_EQ(ran, 100);
}

TEST(WorkerPool, RefusesWhenTheQueueIsFull) {
  std::latch started(1), release(1);
  WorkerPool pool(1, 1);
  ASSERT_TRUE(pool.TryPost([&] {
    started.count_down();
    release.wait();
  }));
  started.wait();
  EXPECT_TRUE(pool.TryPost([] {}));
  EXPECT_FALSE(pool.TryPost([] {}));
  release.count_down();
}

TEST(MemoryUse, SeesWhatIsAllocated) {
  const MemoryUse before = ReadMemoryUse();
  EXPECT_GT(before.resident_bytes, 0u);
  constexpr std::size_t kBytes = 64 << 20;
  const auto block = std::make_unique<char[]>(kBytes);  // zeroed, and so touched
  const MemoryUse after = ReadMemoryUse();
  EXPECT_GE(after.resident_bytes, before.resident_bytes + kBytes / 2) << block[kBytes / 3];
#ifdef KALAM_TEST_HAS_JEMALLOC
  EXPECT_GE(after.allocated_bytes, before.allocated_bytes + kBytes);
#endif
}

}  // namespace
}  // namespace kalam
