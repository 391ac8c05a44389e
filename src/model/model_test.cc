#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <type_traits>

#include <gtest/gtest.h>

#include "model/datum.h"
#include "model/generated_ids.h"
#include "model/ids.h"
#include "model/key_codec.h"
#include "model/row_codec.h"
#include "model/seq_generator.h"
#include "model/table_def.h"
#include "model/time_text.h"

namespace kalam {
namespace {

class ManualClock final : public Clock {
 public:
  TimestampMicros NowMicros() const override { return now; }
  TimestampMicros now = SeqGenerator::kEpochMillis * 1000 + 5'000'000;
};

Result<Datum> Convert(const Datum& in, DataType type) {
  static std::string scratch;
  return ConvertDatum(in, type, scratch);
}

// US6 T352 test_code_quality, T354 test_type_safe_wrappers_usage: ids don't mix, with each other or with what they are
// made of. (A table is made of them in src/catalog/catalog_test.cc.)
static_assert(!std::is_convertible_v<std::string, UserId>);
static_assert(!std::is_convertible_v<UserId, std::string>);
static_assert(!std::is_convertible_v<std::uint32_t, TableId>);
static_assert(!std::is_convertible_v<TableId, std::uint32_t>);
static_assert(!std::is_convertible_v<std::uint64_t, Seq>);
static_assert(!std::is_convertible_v<Seq, TableId>);
static_assert(!std::is_constructible_v<TableName, UserId>);

// US6 T356 test_kalamdb_commons_models_accessible: this program links the models and what they stand on, nothing else
TEST(Models, AreUsableAlone) {
  TableDef table;
  table.name = {"app", "notes"};
  table.columns = {{.name = "id", .type = DataType::kBigInt, .nullable = false, .primary_key = true},
                   {.name = "body", .type = DataType::kText}};
  EXPECT_EQ(table.name.ToString(), "app.notes");
  EXPECT_EQ(ToString(table.columns[1].type), "TEXT");
  EXPECT_EQ(UserId::Parse("maya")->text(), "maya");
}

TEST(Names, FollowTheDocumentedRules) {
  EXPECT_TRUE(CheckNamespaceName("app_1").ok());
  EXPECT_EQ(CheckNamespaceName("system").error().message(), "Namespace name 'system' is reserved");
  EXPECT_EQ(CheckNamespaceName("App").error().message(),
            "Namespace name must start with a lowercase letter");
  EXPECT_EQ(CheckTableName("a-b").error().message(),
            "Table name can only contain lowercase letters, digits, and underscores");
  EXPECT_FALSE(CheckTableName(std::string(65, 'a')).ok());
}

TEST(UserIds, HoldNoByteThatCouldEndAKeyPrefix) {
  EXPECT_TRUE(UserId::Parse("Maya_1-x").ok());
  EXPECT_FALSE(UserId::Parse("").ok());
  EXPECT_FALSE(UserId::Parse(std::string("a\0b", 3)).ok());
  EXPECT_FALSE(UserId::Parse("../x").ok());
}

TEST(Convert, ANumberBecomesTheNearestFloatUnlessThatIsInfinite) {
  const double max = std::numeric_limits<float>::max();
  EXPECT_EQ(Convert(Datum::Double(3.4028235e38), DataType::kFloat)->double_value(), max);
  EXPECT_EQ(Convert(Datum::Double(-3.4028235e38), DataType::kFloat)->double_value(), -max);
  EXPECT_FALSE(Convert(Datum::Double(0x1.ffffffp127), DataType::kFloat).ok());
  EXPECT_TRUE(std::isinf(Convert(Datum::Double(HUGE_VAL), DataType::kFloat)->double_value()));
}

TEST(TimeText, PrintsWhatItReads) {
  for (const std::string text : {"2025-10-20T10:30:00Z", "1969-12-31T23:59:59.5Z", "2024-02-29T00:00:00.000001Z",
                                 "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"}) {
    const auto micros = ParseTimestamp(text);
    ASSERT_TRUE(micros.has_value()) << text;
    EXPECT_EQ(FormatTimestamp(*micros), text);
  }
  EXPECT_EQ(ParseTimestamp("2025-10-20 12:30:00+02:00"), ParseTimestamp("2025-10-20T10:30:00Z"));
  EXPECT_EQ(ParseTimestamp("2025-10-20"), ParseTimestamp("2025-10-20T00:00:00Z"));
  for (const char* bad : {"", "2025-13-01", "2025-02-30", "2025-10-20T25:00:00Z", "2025-10-20Tx", "now"}) {
    EXPECT_FALSE(ParseTimestamp(bad).has_value()) << bad;
  }
}

TEST(TimeText, DatesRoundTripFarOutsideTheCalendarOfChrono) {
  for (const std::int64_t days : {0ll, -1ll, 59ll, -719'528ll, 2'932'896ll, 20'000'000ll, -30'000'000ll}) {
    std::string text;
    AppendDate(text, days);
    if (text.size() == 10) {
      EXPECT_EQ(ParseDate(text), days) << text;
    }
    EXPECT_FALSE(text.empty());
  }
}

TEST(Convert, KeepsIntegersExactAndInRange) {
  EXPECT_EQ(Convert(Datum::Text("9223372036854775807"), DataType::kBigInt)->int_value(), INT64_MAX);
  EXPECT_EQ(Convert(Datum::Int(-32768), DataType::kSmallInt)->int_value(), -32768);
  EXPECT_FALSE(Convert(Datum::Int(32768), DataType::kSmallInt).ok());
  EXPECT_FALSE(Convert(Datum::Double(0.5), DataType::kInt).ok());
  EXPECT_FALSE(Convert(Datum::Double(0x1p63), DataType::kBigInt).ok());
  EXPECT_EQ(Convert(Datum::Text("abc"), DataType::kBigInt).error().message(),
            "cannot convert TEXT 'abc' to BIGINT");
}

TEST(Convert, ReadsBinaryAsHexAndBase64) {
  EXPECT_EQ(Convert(Datum::Text("0xDEad"), DataType::kBinary)->text(), "\xDE\xAD");
  EXPECT_EQ(Convert(Datum::Text("aGk="), DataType::kBinary)->text(), "hi");
  EXPECT_FALSE(Convert(Datum::Text("0xabc"), DataType::kBinary).ok());
}

TEST(Convert, RefusesBrokenJsonAndText) {
  EXPECT_TRUE(Convert(Datum::Text(R"({"a":[1]})"), DataType::kJson).ok());
  EXPECT_FALSE(Convert(Datum::Text("{a:1}"), DataType::kJson).ok());
  EXPECT_FALSE(Convert(Datum::Text("\xFF"), DataType::kText).ok());
}

std::vector<DataType> AllTypes() {
  return {DataType::kBoolean, DataType::kSmallInt, DataType::kInt,  DataType::kBigInt,
          DataType::kFloat,   DataType::kDouble,   DataType::kText, DataType::kTimestamp,
          DataType::kDate,    DataType::kTime,     DataType::kJson, DataType::kBinary};
}

TEST(RowCodec, EveryTypeComesBack) {
  const RowLayout layout(AllTypes());
  const std::vector<Datum> row = {
      Datum::Bool(true),       Datum::Int(-7),     Datum::Int(INT32_MIN),
      Datum::Int(INT64_MAX),   Datum::Double(1.5), Datum::Double(-0.1),
      Datum::Text("grün"),     Datum::Int(-1),     Datum::Int(-40000),
      Datum::Int(86399999999), Datum::Text("{}"),  Datum::Binary(std::string_view("\0x", 2))};
  std::string bytes;
  EncodeRow(layout, 3, 123, false, row, bytes);
  SetRowSeq(bytes.data(), Seq(77));
  ASSERT_TRUE(RowView::Check(layout, bytes).ok());
  const RowView view(layout, bytes);
  EXPECT_EQ(view.seq(), Seq(77));
  EXPECT_EQ(view.schema_version(), 3);
  EXPECT_EQ(view.updated(), 123);
  EXPECT_FALSE(view.deleted());
  for (std::size_t i = 0; i < row.size(); ++i) EXPECT_EQ(view.column(i), row[i]) << i;
}

TEST(RowCodec, RandomRowsComeBackAndDamageIsNoticedOrHarmless) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed=" + std::to_string(seed));
  std::mt19937 random(seed);
  const RowLayout layout(AllTypes());
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::string> texts(layout.column_count());
    std::vector<Datum> row;
    for (std::size_t i = 0; i < layout.column_count(); ++i) {
      const DataType type = layout.type(i);
      if (random() % 4 == 0) {
        row.push_back(Datum::Null());
      } else if (IsVariableWidth(type)) {
        texts[i].assign(random() % 20, static_cast<char>(random()));
        row.push_back(type == DataType::kBinary ? Datum::Binary(texts[i]) : Datum::Text(texts[i]));
      } else if (type == DataType::kBoolean) {
        row.push_back(Datum::Bool(random() % 2));
      } else if (type == DataType::kFloat || type == DataType::kDouble) {
        row.push_back(Datum::Double(static_cast<float>(random())));
      } else {
        row.push_back(Datum::Int(static_cast<std::int16_t>(random())));
      }
    }
    std::string bytes;
    EncodeRow(layout, 1, 5, random() % 2, row, bytes);
    ASSERT_TRUE(RowView::Check(layout, bytes).ok());
    const RowView view(layout, bytes);
    for (std::size_t i = 0; i < row.size(); ++i) ASSERT_EQ(view.column(i), row[i]);

    std::string damaged = bytes.substr(0, random() % (bytes.size() + 1));
    for (char& c : damaged) {
      if (random() % 10 == 0) c = static_cast<char>(random());
    }
    if (!RowView::Check(layout, damaged).ok()) continue;
    for (std::size_t i = 0; i < row.size(); ++i) {
      EXPECT_LE(RowView(layout, damaged).column(i).text().size(), damaged.size());
    }
  }
}

TEST(KeyCodec, ByteOrderIsValueOrder) {
  std::string last;
  for (const std::int64_t pk : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1}, INT64_MAX}) {
    std::string key;
    AppendPrimaryKey(key, Datum::Int(pk));
    EXPECT_LT(last, key);
    EXPECT_EQ(DecodePrimaryKey(key, DataType::kBigInt).int_value(), pk);
    last = key;
  }
}

// US6 T355 test_column_family_helper_functions: names of partitions are built in one place, which house.tidy watches
TEST(KeyCodec, NoPartitionIsInsideAnother) {
  const auto a = PartitionPrefix(TableId(1), UserId::FromTrusted("a"));
  const auto ab = PartitionPrefix(TableId(1), UserId::FromTrusted("ab"));
  EXPECT_FALSE(ab.starts_with(a));
  EXPECT_TRUE(a.starts_with(TablePrefix(TableId(1))));
}

TEST(SeqGenerator, RisesWhateverTheClockDoes) {
  ManualClock clock;
  SeqGenerator seqs(clock, 5, Seq(0));
  Seq last = seqs.Next();
  EXPECT_EQ(SeqGenerator::TimeOf(last), clock.now);
  for (int i = 0; i < 20'000; ++i) {
    if (i == 10'000) clock.now -= 4'000'000;
    const Seq next = seqs.Next();
    ASSERT_LT(last, next);
    ASSERT_EQ(next.value() >> 12 & 1023, 5u);
    last = next;
  }
}

TEST(SeqGenerator, AReservationIsARunOfItsOwn) {
  ManualClock clock;
  SeqGenerator seqs(clock, 1, Seq(0));
  const Seq first = seqs.Reserve(5000);  // longer than one millisecond holds
  std::map<std::uint64_t, int> seen;
  for (std::uint32_t i = 0; i < 5000; ++i) ++seen[seqs.Advance(first, i).value()];
  EXPECT_EQ(seen.size(), 5000u);
  EXPECT_LT(seqs.Advance(first, 4999), seqs.Next());
}

TEST(SeqGenerator, StartsAboveItsFloor) {
  ManualClock clock;
  SeqGenerator ahead(clock, 0, Seq(0));
  const Seq floor = ahead.Reserve(1'000'000);
  SeqGenerator restarted(clock, 0, ahead.Advance(floor, 999'999));
  EXPECT_GT(restarted.Next(), ahead.Advance(floor, 999'999));
}

TEST(GeneratedIds, UuidV7HasItsVersionVariantAndTime) {
  const std::string uuid = MakeUuidV7(0x0123456789AB * 1000);
  ASSERT_EQ(uuid.size(), 36u);
  EXPECT_EQ(uuid.substr(0, 15), "01234567-89ab-7");
  EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
  EXPECT_NE(uuid, MakeUuidV7(0x0123456789AB * 1000));
}

TEST(GeneratedIds, UlidSortsByTimeAndAvoidsConfusingLetters) {
  const std::string early = MakeUlid(1'700'000'000'000'000), late = MakeUlid(1'700'000'000'001'000);
  ASSERT_EQ(early.size(), 26u);
  EXPECT_LT(early, late);
  EXPECT_EQ(early.find_first_of("ILOUilou"), std::string::npos);
}

}  // namespace
}  // namespace kalam
