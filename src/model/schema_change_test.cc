#include "model/schema_change.h"

#include <gtest/gtest.h>

#include "model/row_upgrade.h"

namespace kalam {
namespace {

ColumnDef Column(std::string name, DataType type) {
  ColumnDef column;
  column.name = std::move(name);
  column.type = type;
  return column;
}

// app.notes (id BIGINT PRIMARY KEY, body TEXT, n INT)
TableDef Notes() {
  TableDef table;
  table.id = TableId(7);
  table.name = {"app", "notes"};
  table.columns = {Column("id", DataType::kBigInt), Column("body", DataType::kText), Column("n", DataType::kInt)};
  table.columns[0].primary_key = true;
  table.columns[0].nullable = false;
  table.Finish();
  return table;
}

TableDef Changed(const TableDef& table, const ColumnChange& change) {
  auto changed = ApplyColumnChange(table, change);
  EXPECT_TRUE(changed.ok()) << changed.error().message();
  return std::move(changed->next);
}

std::string Refusal(const TableDef& table, const ColumnChange& change) {
  const auto changed = ApplyColumnChange(table, change);
  return changed.ok() ? "(accepted)" : changed.error().message();
}

std::string Encode(const TableDef& table, std::vector<Datum> columns, bool deleted = false) {
  std::string row;
  EncodeRow(table.layout, table.schema_version, 42, deleted, columns, row);
  SetRowSeq(row.data(), Seq(9));
  return row;
}

// All columns of a row of any version under `table`, as text.
std::string Read(const TableDef& table, std::string_view bytes) {
  std::string scratch;
  const auto current = CurrentRow(table, bytes, scratch);
  if (!current.ok()) return current.error().message();
  EXPECT_TRUE(RowView::Check(table.layout, *current).ok());
  const RowView row(table.layout, *current);
  EXPECT_EQ(row.seq(), Seq(9));
  EXPECT_EQ(row.updated(), 42);
  std::string text;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    std::string shown;
    const Datum value = row.column(i);
    text += (i == 0 ? "" : " ") + table.columns[i].name + "=";
    text += value.is_null() ? "NULL" : std::string(ConvertDatum(value, DataType::kText, shown)->text());
  }
  return text;
}

// Specification 13: test_add_column
TEST(SchemaChange, AddColumnGoesLastAndOldRowsShowItsInitialValue) {
  const TableDef v1 = Notes();
  AddColumn add{Column("topic", DataType::kText)};
  add.column.initial = Value(Datum::Text("none"));
  const auto change = ApplyColumnChange(v1, add);
  ASSERT_TRUE(change.ok());
  EXPECT_EQ(change->text, "Added column 'topic' (TEXT)");
  const TableDef& v2 = change->next;
  EXPECT_EQ(v2.schema_version, 2);
  EXPECT_EQ(v2.columns.back().name, "topic");
  EXPECT_EQ(v2.columns.back().id, 4u);
  EXPECT_EQ(Read(v2, Encode(v1, {Datum::Int(1), Datum::Text("hi"), Datum::Null()})), "id=1 body=hi n=NULL topic=none");
  EXPECT_EQ(Read(v2, Encode(v2, {Datum::Int(1), Datum::Text("hi"), Datum::Int(3), Datum::Null()})),
            "id=1 body=hi n=3 topic=NULL");
  EXPECT_EQ(Refusal(v2, AddColumn{Column("TOPIC", DataType::kInt)}), "Column 'topic' already exists");
  EXPECT_EQ(Refusal(v2, AddColumn{Column("_seq", DataType::kInt)}),
            "System column '_seq' cannot be declared (managed by system)");
}

// Specification 13: test_drop_column
TEST(SchemaChange, DroppedColumnIsGoneAndALaterOneOfTheNameIsAnother) {
  const TableDef v1 = Notes();
  const std::string row = Encode(v1, {Datum::Int(1), Datum::Text("hi"), Datum::Int(3)});
  const TableDef v2 = Changed(v1, DropColumn{"body"});
  EXPECT_EQ(Read(v2, row), "id=1 n=3");
  const TableDef v3 = Changed(v2, AddColumn{Column("body", DataType::kText)});
  EXPECT_EQ(v3.columns.back().id, 4u);
  EXPECT_EQ(Read(v3, row), "id=1 n=3 body=NULL");
  EXPECT_EQ(Read(v3, Encode(v2, {Datum::Int(2), Datum::Int(5)})), "id=2 n=5 body=NULL");
  EXPECT_EQ(Refusal(v3, DropColumn{"nope"}), "ERROR: column 'nope' does not exist");
}

// Specification 13: test_modify_column
TEST(SchemaChange, ModifiedColumnConvertsOldRowsThroughEveryTypeItHad) {
  const TableDef v1 = Notes();
  const std::string row = Encode(v1, {Datum::Int(1), Datum::Text("1e3"), Datum::Int(7)});
  const auto to_double = ApplyColumnChange(v1, ModifyColumn{"body", DataType::kDouble});
  ASSERT_TRUE(to_double.ok());
  EXPECT_EQ(to_double->check, 1u);
  EXPECT_EQ(to_double->text, "Modified column 'body' (TEXT) to 'body' (DOUBLE)");
  const TableDef v2 = to_double->next;
  EXPECT_EQ(Read(v2, row), "id=1 body=1000 n=7");
  // Straight from the text '1e3' there would be no integer.
  const TableDef v3 = Changed(v2, ModifyColumn{"body", DataType::kInt, false});
  EXPECT_EQ(Read(v3, row), "id=1 body=1000 n=7");
  EXPECT_FALSE(v3.columns[1].nullable);
  // What can't be converted belongs to a deleted row: NULL.
  EXPECT_EQ(Read(v2, Encode(v1, {Datum::Int(1), Datum::Text("abc"), Datum::Int(7)}, true)), "id=1 body=NULL n=7");
}

TEST(SchemaChange, ModifyChecksValuesAndDefaults) {
  TableDef v1 = Notes();
  ColumnDef text = v1.columns[1];
  ColumnDef number = text;
  number.type = DataType::kInt;
  EXPECT_TRUE(CheckModifiedValue(Datum::Text("12"), DataType::kText, number).ok());
  EXPECT_EQ(CheckModifiedValue(Datum::Text("secret"), DataType::kText, number).error().message(),
            "Cannot modify column 'body': an existing value cannot be converted from TEXT to INT");
  EXPECT_TRUE(CheckModifiedValue(Datum::Null(), DataType::kText, number).ok());
  number.nullable = false;
  EXPECT_EQ(CheckModifiedValue(Datum::Null(), DataType::kText, number).error().message(),
            "NOT NULL violation: column 'body' has NULL in existing rows");

  v1.columns[2].default_expr = DefaultExpr{std::nullopt, Value(Datum::Int(70'000)), "70000"};
  EXPECT_EQ(Refusal(v1, ModifyColumn{"n", DataType::kSmallInt}),
            "DEFAULT of column 'n' cannot be converted from INT to SMALLINT");
  const TableDef v2 = Changed(v1, ModifyColumn{"n", DataType::kText});
  EXPECT_EQ(v2.columns[2].default_expr->literal.view(), Datum::Text("70000"));
  // Only the type asks for a look at the rows; the same type, or becoming nullable, does not.
  EXPECT_FALSE(ApplyColumnChange(v1, ModifyColumn{"n", DataType::kInt, true})->check);
  EXPECT_EQ(ApplyColumnChange(v1, ModifyColumn{"n", DataType::kInt, false})->check, 2u);
}

// Specification 13: test_prevent_drop_primary_key
TEST(SchemaChange, PrimaryKeyAndSystemColumnsStayAsTheyAre) {
  const TableDef table = Notes();
  const std::string key = "PRIMARY KEY column 'id' cannot be altered or dropped";
  EXPECT_EQ(Refusal(table, DropColumn{"id"}), key);
  EXPECT_EQ(Refusal(table, ModifyColumn{"ID", DataType::kText}), key);
  EXPECT_EQ(Refusal(table, RenameColumn{"id", "key"}), key);
  const std::string system = "System column '_updated' cannot be altered (managed by system)";
  EXPECT_EQ(Refusal(table, DropColumn{"_updated"}), system);
  EXPECT_EQ(Refusal(table, ModifyColumn{"_updated", DataType::kText}), system);
  EXPECT_EQ(Refusal(table, RenameColumn{"_updated", "u"}), system);
  TableDef stream = table;
  stream.kind = TableKind::kStream;
  EXPECT_EQ(Refusal(stream, DropColumn{"n"}), "ALTER TABLE is not supported on STREAM tables");
}

// Specification 13: test_validate_not_null_requires_default
TEST(SchemaChange, NotNullColumnNeedsADefaultForExistingRows) {
  AddColumn add{Column("topic", DataType::kText)};
  add.column.nullable = false;
  EXPECT_EQ(Refusal(Notes(), add), "NOT NULL column 'topic' requires a DEFAULT value for existing rows");
  add.column.initial = Value(Datum::Text(""));
  EXPECT_EQ(Refusal(Notes(), add), "(accepted)");
}

TEST(SchemaChange, RenamedColumnIsTheSameColumn) {
  const TableDef v1 = Notes();
  const std::string row = Encode(v1, {Datum::Int(1), Datum::Text("hi"), Datum::Int(3)});
  const TableDef v2 = Changed(v1, RenameColumn{"body", "text"});
  EXPECT_EQ(Read(v2, row), "id=1 text=hi n=3");
  const TableDef v3 = Changed(v2, RenameColumn{"n", "body"});
  EXPECT_EQ(Read(v3, row), "id=1 text=hi body=3");
  EXPECT_EQ(Refusal(v3, RenameColumn{"body", "Text"}), "Column 'text' already exists");
  EXPECT_EQ(Changed(v3, RenameColumn{"body", "Body"}).columns[2].name, "Body");
}

TEST(SchemaChange, NewerAndBrokenRowsAreRefused) {
  const TableDef v1 = Notes();
  const TableDef v2 = Changed(v1, DropColumn{"n"});
  std::string scratch;
  const std::string newer = Encode(v2, {Datum::Int(1), Datum::Text("hi")});
  EXPECT_EQ(CurrentRow(v1, newer, scratch).error().code(), ErrorCode::kConflict);
  const std::string older = Encode(v1, {Datum::Int(1), Datum::Text("hi"), Datum::Int(3)});
  EXPECT_EQ(CurrentRow(v2, older.substr(0, 30), scratch).error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(CurrentRow(v2, "x", scratch).error().code(), ErrorCode::kCorruption);
}

TEST(SchemaChange, HistoryIsBounded) {
  TableDef table = Notes();
  auto wide = std::make_shared<std::vector<PastColumn>>(kMaxHistoryColumns, PastColumn{1, DataType::kInt});
  table.past.push_back(wide);
  EXPECT_EQ(Refusal(table, DropColumn{"n"}),
            "ERROR: the schema history of table app.notes is full: copy its rows to a new table");
}

TEST(ConvertStored, KeepsEveryValueExactlyOrRefuses) {
  using enum DataType;
  std::string scratch;
  const auto shown = [&](const Datum& in, DataType from, DataType to) -> std::string {
    const auto out = ConvertStored(in, from, to, scratch);
    if (!out.ok()) return "refused";
    std::string text;
    return std::string(ConvertDatum(*out, kText, text)->text());
  };
  EXPECT_EQ(shown(Datum::Int(1'760'956'200'000'000), kTimestamp, kText), "2025-10-20T10:30:00Z");
  EXPECT_EQ(shown(Datum::Int(20'381), kDate, kText), "2025-10-20");
  EXPECT_EQ(shown(Datum::Int(20'381), kDate, kTimestamp), "1760918400000000");
  EXPECT_EQ(shown(Datum::Int(1'760'918'400'000'000), kTimestamp, kDate), "20381");
  EXPECT_EQ(shown(Datum::Int(1'760'956'200'000'000), kTimestamp, kDate), "refused");
  EXPECT_EQ(shown(Datum::Int(20'381), kDate, kBigInt), "refused");
  EXPECT_EQ(shown(Datum::Int(5), kBigInt, kTimestamp), "refused");
  EXPECT_EQ(shown(Datum::Int((1LL << 53) + 1), kBigInt, kDouble), "refused");
  EXPECT_EQ(shown(Datum::Int(INT64_MAX), kBigInt, kDouble), "refused");
  EXPECT_EQ(shown(Datum::Int(1 << 30), kInt, kFloat), "1073741824");
  EXPECT_EQ(shown(Datum::Double(2.5), kDouble, kInt), "refused");
  EXPECT_EQ(shown(Datum::Double(2.0), kDouble, kInt), "2");
  EXPECT_EQ(shown(Datum::Bool(true), kBoolean, kInt), "1");
  EXPECT_EQ(shown(Datum::Bool(true), kBoolean, kDouble), "refused");
  EXPECT_EQ(shown(Datum::Int(40'000), kInt, kSmallInt), "refused");
  EXPECT_EQ(shown(Datum::Text("{\"a\":1}"), kText, kJson), "{\"a\":1}");
  EXPECT_EQ(shown(Datum::Binary("ab"), kBinary, kText), "refused");
  EXPECT_TRUE(ConvertStored(Datum::Null(), kText, kInt, scratch)->is_null());
}

}  // namespace
}  // namespace kalam
