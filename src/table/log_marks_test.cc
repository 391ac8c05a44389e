#include "table/log_marks.h"

#include <gtest/gtest.h>

#include "table/change_reader.h"
#include "test_table.h"

namespace kalam::table {
namespace {

// The log loses its beginning; CompleteAbove tells from where on nothing is missing.
TEST(LogMarksTest, NothingIsMissingAboveWhatTheMarksSay) {
  const TempFolder folder;
  kv::Options options;
  options.path = folder.path();
  options.log_max_bytes = 256 << 10;
  options.compression = kv::Compression::kNone;
  auto store = std::move(kv::Store::Open(options)).value();
  const SystemClock clock;
  auto committer = std::move(Committer::Open(*store, clock, {})).value();
  LogMarks marks(*store, *committer);
  EXPECT_EQ(marks.CompleteAbove()->value(), std::numeric_limits<std::uint64_t>::max());
  ASSERT_TRUE(marks.Mark().ok());
  ASSERT_TRUE(marks.Mark().ok());
  const Seq first = *marks.CompleteAbove();

  Writer writer(*store, *committer);
  const TableDef table = MakeNotes();
  const UserId maya = UserId::FromTrusted("maya");
  std::vector<Seq> written;
  const std::string body(4096, 'x');
  for (int i = 0; i < 400; ++i) {
    const std::string key = Key(i);
    const std::string row = Row(table, i, body);
    const RowChange change{.op = ChangeOp::kInsert, .key = key, .row = row, .expected = {}};
    const auto receipt = writer.Apply(table, maya, std::span(&change, 1), Blocking::kAllowed);
    ASSERT_TRUE(receipt.status.ok());
    ASSERT_TRUE(committer->WaitDurable(receipt.durable_after).ok());
    written.push_back(receipt.durable_after);
    if (i % 20 == 19) {
      ASSERT_TRUE(marks.Mark().ok());
    }
    if (i % 40 == 39) {
      ASSERT_TRUE(store->FlushMemtables().ok());
    }
  }
  const Seq floor = *marks.CompleteAbove();
  EXPECT_GT(floor, first) << "1.6 MB of log in 256 KB";
  EXPECT_LT(floor, written.back());

  std::vector<Seq> expected, found;
  for (const Seq seq : written) {
    if (seq > floor) expected.push_back(seq);
  }
  ChangeReader changes(*store, nullptr, PartitionPrefix(table.id, maya), floor);
  while (true) {
    const auto change = changes.Next();
    ASSERT_TRUE(change.ok());
    if (!*change) break;
    found.push_back(RowSeq((*change)->row));
  }
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace kalam::table
