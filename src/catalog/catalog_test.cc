#include "catalog/catalog.h"

#include <type_traits>

#include "catalog_fixture.h"

namespace kalam::catalog {
namespace {

template <typename T>
std::string MessageOf(const Result<T>& result, ErrorCode code) {
  if (result.ok()) return "(succeeded)";
  EXPECT_EQ(result.error().code(), code) << result.error().message();
  return result.error().message();
}

TEST_F(CatalogTest, StartsWithTheDefaultNamespaceAndTheSystemUser) {
  const auto namespaces = catalog_->ListNamespaces();
  ASSERT_EQ(namespaces.size(), 1u);
  EXPECT_EQ(namespaces[0].name, "default");
  EXPECT_EQ(namespaces[0].options_json, "{}");
  EXPECT_EQ(namespaces[0].created_at, 1'760'956'200'123'000);
  const auto users = catalog_->ListUsers();
  ASSERT_EQ(users.size(), 1u);
  EXPECT_EQ(users[0]->user_id, "system");
  EXPECT_EQ(users[0]->username, "system");
  EXPECT_EQ(users[0]->role, auth::Role::kSystem);
  EXPECT_EQ(catalog_->FindUser("system"), users[0]);
  EXPECT_EQ(catalog_->FindUser("maya"), nullptr);
}

TEST_F(CatalogTest, NamespacesAreCreatedOnceAndDroppedWhenEmpty) {
  EXPECT_EQ(*catalog_->CreateNamespace("app", false), DdlOutcome::kDone);
  EXPECT_TRUE(catalog_->HasNamespace("app"));
  EXPECT_EQ(MessageOf(catalog_->CreateNamespace("app", false), ErrorCode::kAlreadyExists),
            "Namespace 'app' already exists");
  EXPECT_EQ(*catalog_->CreateNamespace("app", true), DdlOutcome::kSkipped);
  EXPECT_EQ(MessageOf(catalog_->CreateNamespace("system", true), ErrorCode::kInvalidArgument),
            "Namespace name 'system' is reserved");

  ASSERT_TRUE(catalog_->CreateTable(SmallTable("app", "a"), false).ok());
  ASSERT_TRUE(catalog_->CreateTable(SmallTable("app", "b"), false).ok());
  EXPECT_EQ(catalog_->ListNamespaces()[0].table_count, 2u);
  EXPECT_EQ(MessageOf(catalog_->DropNamespace("app", {}), ErrorCode::kInvalidArgument),
            "Cannot drop namespace 'app': namespace contains 2 table(s). Drop all tables first.");
  ASSERT_TRUE(catalog_->DropTable({"app", "a"}, {}).ok());
  ASSERT_TRUE(catalog_->DropTable({"app", "b"}, {}).ok());

  EXPECT_EQ(*catalog_->DropNamespace("app", {}), DdlOutcome::kDone);
  EXPECT_FALSE(catalog_->HasNamespace("app"));
  EXPECT_EQ(MessageOf(catalog_->DropNamespace("app", {}), ErrorCode::kNotFound),
            "Namespace 'app' not found");
  EXPECT_EQ(*catalog_->DropNamespace("app", {.if_exists = true}), DdlOutcome::kSkipped);
}

// US6 T354 test_type_safe_wrappers_usage
TEST_F(CatalogTest, ATableIsMadeOfTypedNamesAndFoundByThem) {
  ASSERT_TRUE(catalog_->CreateNamespace("app", false).ok());
  const auto created = catalog_->CreateTable(SmallTable("app", "t"), false);
  ASSERT_TRUE(created.ok());
  const TableId id = created->table->id;
  const TableName& name = created->table->name;
  EXPECT_EQ(catalog_->FindTable(id), created->table);
  EXPECT_EQ(catalog_->FindTable(name.ns, name.table), created->table);
  static_assert(!std::is_convertible_v<int, TableId> && !std::is_convertible_v<TableId, Seq>);
  EXPECT_EQ(catalog_->FindTable(TableId(id.value() + 1)), nullptr);
}

TEST_F(CatalogTest, CascadeDropsTheTablesOfThatNamespaceOnly) {
  for (const auto ns : {"app", "apple"}) {
    ASSERT_TRUE(catalog_->CreateNamespace(ns, false).ok());
    ASSERT_TRUE(catalog_->CreateTable(SmallTable(ns, "t"), false).ok());
  }
  EXPECT_EQ(*catalog_->DropNamespace("app", {.cascade = true}), DdlOutcome::kDone);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(catalog_->FindTable("app", "t"), nullptr);
    EXPECT_NE(catalog_->FindTable("apple", "t"), nullptr);
    EXPECT_FALSE(catalog_->HasNamespace("app"));
    Restart();
  }
}

TEST_F(CatalogTest, ACreatedTableIsComplete) {
  TableDef spec = SmallTable("default", "notes");
  spec.id = TableId(77);  // not the caller's to choose
  spec.schema_version = 9;
  const auto created = catalog_->CreateTable(spec, false);
  ASSERT_TRUE(created.ok()) << created.error().message();
  EXPECT_EQ(created->outcome, DdlOutcome::kDone);
  const TableDefPtr def = catalog_->FindTable("default", "notes");
  ASSERT_EQ(def, created->table);
  EXPECT_EQ(def->id, TableId(1));
  EXPECT_EQ(def->schema_version, 1);
  EXPECT_EQ(def->created_at, 1'760'956'200'123'000);
  EXPECT_EQ(def->updated_at, def->created_at);
  EXPECT_EQ(def->primary_key_column().name, "id");
  EXPECT_FALSE(def->columns[0].nullable);  // a key is implicitly NOT NULL
  EXPECT_TRUE(def->columns[1].nullable);
  EXPECT_EQ(def->layout.column_count(), 2u);
  const auto history = catalog_->SchemaHistory("default", "notes");
  ASSERT_EQ(history.size(), 1u);
  EXPECT_EQ(history[0].changes, "Initial schema");
  EXPECT_EQ(history[0].version, 1);
}

TEST_F(CatalogTest, CreateTableRefusals) {
  EXPECT_EQ(MessageOf(catalog_->CreateTable(SmallTable("nope", "t"), true), ErrorCode::kNotFound),
            "Namespace 'nope' does not exist. Create it first with CREATE NAMESPACE nope.");
  TableDef elsewhere = SmallTable("default", "t");
  elsewhere.storage_id = "s3";
  EXPECT_EQ(MessageOf(catalog_->CreateTable(elsewhere, false), ErrorCode::kNotFound),
            "Storage 's3' does not exist in system.storages");
  const auto first = catalog_->CreateTable(SmallTable("default", "t"), false);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(MessageOf(catalog_->CreateTable(SmallTable("default", "t", TableKind::kShared), false),
                      ErrorCode::kAlreadyExists),
            "Table default.t already exists");
  const auto again = catalog_->CreateTable(SmallTable("default", "t"), true);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->outcome, DdlOutcome::kSkipped);
  EXPECT_EQ(again->table, first->table);
}

TEST_F(CatalogTest, WhatCouldNotBeReadAgainIsNotStored) {
  const auto refused = [&](auto change) {
    TableDef def = SmallTable("default", "t");
    change(def);
    const auto created = catalog_->CreateTable(def, false);
    return !created.ok() && created.error().code() == ErrorCode::kInvalidArgument;
  };
  const int before = writer_->writes();
  EXPECT_TRUE(refused([](TableDef& def) { def.name.table = "a:b"; }));
  EXPECT_TRUE(refused([](TableDef& def) { def.name.ns = "system"; }));
  EXPECT_TRUE(refused([](TableDef& def) { def.columns[0].primary_key = false; }));
  EXPECT_TRUE(refused([](TableDef& def) { def.columns[1].primary_key = true; }));
  EXPECT_TRUE(refused([](TableDef& def) { def.columns[0].type = DataType::kDouble; }));
  EXPECT_TRUE(refused([](TableDef& def) { def.columns[1].name = "id"; }));
  EXPECT_TRUE(refused([](TableDef& def) { def.columns[1].name = "_Deleted"; }));
  EXPECT_TRUE(refused([](TableDef& def) { def.columns[1].name = ""; }));
  EXPECT_EQ(writer_->writes(), before);
  EXPECT_FALSE(refused([](TableDef&) {}));
}

TEST_F(CatalogTest, DropTableRefusals) {
  const TableName name{"default", "t"};
  EXPECT_EQ(MessageOf(catalog_->DropTable(name, {}), ErrorCode::kNotFound),
            "relation 'default.t' does not exist");
  EXPECT_EQ(catalog_->DropTable(name, {.if_exists = true})->outcome, DdlOutcome::kSkipped);

  const auto created = catalog_->CreateTable(SmallTable("default", "t", TableKind::kShared), false);
  ASSERT_TRUE(created.ok());
  EXPECT_EQ(MessageOf(catalog_->DropTable(name, {.kind = TableKind::kUser}),
                      ErrorCode::kInvalidArgument),
            "Table default.t is a SHARED table, not a USER table");
  // The table that was authorized has been replaced since: it is not this one that goes.
  EXPECT_EQ(MessageOf(catalog_->DropTable(name, {.id = TableId(created->table->id.value() + 1)}),
                      ErrorCode::kNotFound),
            "relation 'default.t' does not exist");
  EXPECT_NE(catalog_->FindTable("default", "t"), nullptr);

  const auto dropped = catalog_->DropTable(
      name, {.kind = TableKind::kShared, .id = created->table->id});
  ASSERT_TRUE(dropped.ok());
  EXPECT_EQ(dropped->outcome, DdlOutcome::kDone);
  EXPECT_EQ(dropped->table, created->table);
  EXPECT_EQ(catalog_->FindTable("default", "t"), nullptr);
}

TEST_F(CatalogTest, RowsGoWithTheirTableAndOnlyTheirs) {
  const auto a = catalog_->CreateTable(SmallTable("default", "a"), false);
  const auto b = catalog_->CreateTable(SmallTable("default", "b"), false);
  ASSERT_TRUE(a.ok() && b.ok());
  const std::string row_a = TablePrefix(a->table->id) + "row";
  const std::string row_b = TablePrefix(b->table->id) + "row";
  kv::Batch rows;
  for (const kv::Family family : {kv::Family::kHot, kv::Family::kLog}) {
    rows.Put(family, row_a, "a");
    rows.Put(family, row_b, "b");
  }
  ASSERT_TRUE(store_->WriteDurably(rows).ok());
  ASSERT_TRUE(catalog_->DropTable({"default", "a"}, {}).ok());
  for (const kv::Family family : {kv::Family::kHot, kv::Family::kLog}) {
    EXPECT_EQ(Stored(row_a, family), "(none)");
    EXPECT_EQ(Stored(row_b, family), "b");
  }
}

TEST_F(CatalogTest, ListsAreInOrderOfName) {
  for (const auto ns : {"zoo", "app"}) ASSERT_TRUE(catalog_->CreateNamespace(ns, false).ok());
  for (const TableName& name : {TableName{"zoo", "b"}, {"app", "z"}, {"zoo", "a"}, {"app", "c"}}) {
    ASSERT_TRUE(catalog_->CreateTable(SmallTable(name.ns, name.table), false).ok());
  }
  std::string names;
  for (const auto& def : catalog_->ListTables()) names += def->name.ToString() + " ";
  EXPECT_EQ(names, "app.c app.z zoo.a zoo.b ");
  EXPECT_EQ(catalog_->ListTables("zoo").size(), 2u);
  EXPECT_EQ(catalog_->ListTables("none").size(), 0u);
  names.clear();
  for (const auto& ns : catalog_->ListNamespaces()) {
    names += ns.name + std::to_string(ns.table_count) + " ";
  }
  EXPECT_EQ(names, "app2 default0 zoo2 ");
}

TEST_F(CatalogTest, NamesThatRunTogetherAreDifferentTables) {
  for (const auto ns : {"a", "ab"}) ASSERT_TRUE(catalog_->CreateNamespace(ns, false).ok());
  const auto one = catalog_->CreateTable(SmallTable("a", "bc"), false);
  const auto two = catalog_->CreateTable(SmallTable("ab", "c"), false);
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(catalog_->FindTable("a", "bc"), one->table);
  EXPECT_EQ(catalog_->FindTable("ab", "c"), two->table);
}

TEST_F(CatalogTest, AFailedCommitChangesNothing) {
  ASSERT_TRUE(catalog_->CreateNamespace("app", false).ok());
  const auto kept = catalog_->CreateTable(SmallTable("app", "kept"), false);
  ASSERT_TRUE(kept.ok());
  writer_->FailWith(Error(ErrorCode::kIo, "disk full"));
  EXPECT_EQ(MessageOf(catalog_->CreateNamespace("other", false), ErrorCode::kIo), "disk full");
  EXPECT_EQ(MessageOf(catalog_->CreateTable(SmallTable("app", "t"), false), ErrorCode::kIo),
            "disk full");
  EXPECT_EQ(MessageOf(catalog_->DropTable({"app", "kept"}, {}), ErrorCode::kIo), "disk full");
  EXPECT_EQ(MessageOf(catalog_->DropNamespace("app", {.cascade = true}), ErrorCode::kIo),
            "disk full");
  writer_->FailWith(std::nullopt);
  EXPECT_FALSE(catalog_->HasNamespace("other"));
  EXPECT_EQ(catalog_->FindTable("app", "t"), nullptr);
  EXPECT_EQ(catalog_->FindTable("app", "kept"), kept->table);
  EXPECT_EQ(catalog_->ListNamespaces()[0].table_count, 1u);
  // The number of the failed one is not given out again: nobody knows what reached the disk.
  const auto next = catalog_->CreateTable(SmallTable("app", "t"), false);
  ASSERT_TRUE(next.ok());
  EXPECT_GT(next->table->id.value(), kept->table->id.value() + 1);
}

const Catalog::RowCheck kNoRows = [](const TableDef&, const TableDef&, std::size_t) { return Status(); };

// Specification 13: test_add_column, test_modify_column
TEST_F(CatalogTest, AnAlteredTableIsOneNewVersionAndSurvivesARestart) {
  const TableDefPtr first = catalog_->CreateTable(SmallTable("default", "t"), false)->table;
  AddColumn add{Column("topic", DataType::kText)};
  add.column.initial = Value(Datum::Text("it's"));
  const int before = writer_->writes();
  const auto second = catalog_->AlterTable(first->name, first->id, add, kNoRows);
  ASSERT_TRUE(second.ok()) << second.error().message();
  EXPECT_EQ(writer_->writes(), before + 1);
  EXPECT_EQ(catalog_->FindTable("default", "t"), *second);
  EXPECT_EQ((*second)->schema_version, 2);
  EXPECT_EQ(first->schema_version, 1);  // who holds it keeps it
  ASSERT_TRUE(catalog_->AlterTable(first->name, first->id, DropColumn{"body"}, kNoRows).ok());

  const auto history = catalog_->SchemaHistory("default", "t");
  ASSERT_EQ(history.size(), 3u);
  EXPECT_EQ(history[0].changes, "Initial schema");
  EXPECT_EQ(history[1].changes, "Added column 'topic' (TEXT)");
  EXPECT_EQ(history[2].changes, "Dropped column 'body'");
  EXPECT_EQ(history[2].columns, (std::vector<PastColumn>{{1, DataType::kBigInt}, {3, DataType::kText}}));

  const TableDefPtr before_restart = catalog_->FindTable("default", "t");
  Restart(true);
  const TableDefPtr after = catalog_->FindTable("default", "t");
  ExpectSameTable(*before_restart, *after);
  EXPECT_EQ(after->columns[1].id, 3u);
  EXPECT_EQ(after->columns[1].initial.view(), Datum::Text("it's"));
  EXPECT_EQ(after->next_column_id, 4u);
  ASSERT_EQ(after->past.size(), 2u);
  EXPECT_EQ(*after->past[0], (std::vector<PastColumn>{{1, DataType::kBigInt}, {2, DataType::kText}}));
  EXPECT_EQ(catalog_->SchemaHistory("default", "t"), history);
}

TEST_F(CatalogTest, ARefusedAlterationChangesNothing) {
  const TableDefPtr table = catalog_->CreateTable(SmallTable("default", "t"), false)->table;
  const ColumnChange to_int = ModifyColumn{"body", DataType::kInt, {}};
  const auto refuse = [](const TableDef& old_def, const TableDef& new_def, std::size_t column) -> Status {
    EXPECT_EQ(old_def.columns[column].type, DataType::kText);
    EXPECT_EQ(new_def.columns[column].type, DataType::kInt);
    return Error(ErrorCode::kConstraint, "a row stands in the way");
  };
  EXPECT_EQ(MessageOf(catalog_->AlterTable(table->name, table->id, to_int, refuse), ErrorCode::kConstraint),
            "a row stands in the way");
  EXPECT_EQ(MessageOf(catalog_->AlterTable(table->name, TableId(99), to_int, kNoRows), ErrorCode::kNotFound),
            "relation 'default.t' does not exist");
  writer_->FailWith(Error(ErrorCode::kIo, "disk full"));
  EXPECT_EQ(MessageOf(catalog_->AlterTable(table->name, table->id, to_int, kNoRows), ErrorCode::kIo), "disk full");
  writer_->FailWith(std::nullopt);
  EXPECT_EQ(catalog_->FindTable("default", "t"), table);
  EXPECT_EQ(catalog_->SchemaHistory("default", "t").size(), 1u);
}

TEST_F(CatalogTest, SkippedStatementsWriteNothing) {
  ASSERT_TRUE(catalog_->CreateTable(SmallTable("default", "t"), false).ok());
  const int before = writer_->writes();
  ASSERT_TRUE(catalog_->CreateNamespace("default", true).ok());
  ASSERT_TRUE(catalog_->CreateTable(SmallTable("default", "t"), true).ok());
  ASSERT_TRUE(catalog_->DropTable({"default", "x"}, {.if_exists = true}).ok());
  ASSERT_TRUE(catalog_->DropNamespace("x", {.if_exists = true}).ok());
  EXPECT_EQ(writer_->writes(), before);
}

}  // namespace
}  // namespace kalam::catalog
