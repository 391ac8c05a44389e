#include "query/row_batch.h"

#include <gtest/gtest.h>

#include "model/row_codec.h"

namespace kalam::query {
namespace {

TableDef Notes() {
  TableDef table;
  table.columns = {
      {.name = "id",
       .type = DataType::kBigInt,
       .nullable = false,
       .primary_key = true,
       .default_expr = DefaultExpr{DefaultFunction::kSnowflakeId, {}, "SNOWFLAKE_ID()"}},
      {.name = "body",
       .type = DataType::kText,
       .nullable = false,
       .primary_key = false,
       .default_expr = {}},
      {.name = "owner",
       .type = DataType::kText,
       .nullable = true,
       .primary_key = false,
       .default_expr = DefaultExpr{DefaultFunction::kCurrentUser, {}, "CURRENT_USER()"}}};
  table.Finish();
  return table;
}

RowContext Context() { return {.now = 5, .current_user = "maya", .next_id = [] { return Seq(77); }}; }

TEST(RowBatch, FillsInDefaults) {
  const TableDef table = Notes();
  RowBatch batch(1 << 20);
  ASSERT_TRUE(batch.AddInsert(table, std::vector<CellInput>{{{}, true}, {Datum::Text("hi")}, {{}, true}}, Context())
                  .ok());
  const RowView row(table.layout, batch.changes()[0].row);
  EXPECT_EQ(row.column(0).int_value(), 77);
  EXPECT_EQ(row.column(2).text(), "maya");
  EXPECT_EQ(row.updated(), 5);
}

TEST(RowBatch, AnExplicitNullSuppressesTheDefault) {
  const TableDef table = Notes();
  RowBatch batch(1 << 20);
  ASSERT_TRUE(batch.AddInsert(table, std::vector<CellInput>{{Datum::Int(1)}, {Datum::Text("hi")}, {Datum::Null()}},
                              Context())
                  .ok());
  EXPECT_TRUE(RowView(table.layout, batch.changes()[0].row).is_null(2));
}

TEST(RowBatch, RefusesNullInNotNull) {
  const TableDef table = Notes();
  RowBatch batch(1 << 20);
  const Status status =
      batch.AddInsert(table, std::vector<CellInput>{{Datum::Int(1)}, {{}, true}, {{}, true}}, Context());
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message(), "NOT NULL violation: column 'body' cannot be null");
  EXPECT_EQ(batch.size(), 0u);
}

TEST(RowBatch, AChangedKeyIsADeleteAndAnInsert) {
  const TableDef table = Notes();
  RowBatch batch(1 << 20);
  const std::vector<Datum> old = {Datum::Int(1), Datum::Text("a"), Datum::Null()};
  ASSERT_TRUE(batch.AddUpdate(table, old, Seq(3),
                              std::vector<CellInput>{{Datum::Int(2)}, {Datum::Text("a")}, {Datum::Null()}}, Context())
                  .ok());
  ASSERT_EQ(batch.size(), 2u);
  EXPECT_EQ(batch.changes()[0].op, table::ChangeOp::kDelete);
  EXPECT_EQ(batch.changes()[0].expected, Seq(3));
  EXPECT_TRUE(RowDeleted(batch.changes()[0].row));
  EXPECT_EQ(batch.changes()[1].op, table::ChangeOp::kInsert);
}

TEST(RowBatch, IsBounded) {
  const TableDef table = Notes();
  RowBatch batch(100);
  const std::string large(200, 'x');
  const Status status = batch.AddInsert(
      table, std::vector<CellInput>{{Datum::Int(1)}, {Datum::Text(large)}, {Datum::Null()}}, Context());
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), ErrorCode::kLimitExceeded);
}

}  // namespace
}  // namespace kalam::query
