#include "query/system_tables.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <utility>

#include <unistd.h>

#include "kv/store.h"

namespace kalam::query {
namespace {

class SystemTablesTest : public testing::Test {
 protected:
  SystemTablesTest() {
    std::string pattern = testing::TempDir() + "kalam_system_tables_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    kv::Options options;
    options.path = folder_ + "/rocksdb";
    store_ = kv::Store::Open(options).value();
    catalog_ = catalog::Catalog::Open(*store_, *store_, clock_, {}).value();
    system_ = std::make_unique<SystemTables>(*catalog_, stats_);
  }
  ~SystemTablesTest() override {
    system_.reset();
    catalog_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  static Viewer ViewerOf(auth::Role role) {
    return {.who = {UserId::FromTrusted("maya"), role}, .may_see = [](const TableDef&) { return true; }};
  }

  // The first column of all rows.
  std::vector<std::string> FirstCells(const SystemTable& table, const Viewer& viewer) {
    std::vector<std::string> cells;
    const RowStream rows = table.rows(viewer);
    Row row;
    while (rows(row)) {
      EXPECT_EQ(row.size(), table.columns.size()) << table.qualified_name();
      cells.emplace_back(row[0].view().text());
    }
    return cells;
  }

  std::string folder_;
  SystemClock clock_;
  Stats stats_;
  std::unique_ptr<kv::Store> store_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<SystemTables> system_;
};

// US6 T353 test_system_table_providers_use_common_base, T357 test_system_catalog_consistency
TEST_F(SystemTablesTest, AllSystemTablesShareOneBase) {
  std::vector<std::string> names;
  for (const SystemTable& table : system_->tables()) {
    names.push_back(table.qualified_name());
    EXPECT_TRUE(SystemTables::IsSystemSchema(table.schema));
    EXPECT_EQ(system_->Find(table.schema, table.name), &table);
    EXPECT_FALSE(table.columns.empty());
    FirstCells(table, ViewerOf(auth::Role::kSystem));  // each row as wide as the table
  }
  EXPECT_EQ(names, (std::vector<std::string>{"information_schema.columns", "information_schema.tables",
                                             "system.jobs", "system.live_queries", "system.namespaces",
                                             "system.stats", "system.storages", "system.table_schemas",
                                             "system.tables", "system.users"}));
  EXPECT_EQ(system_->Find("system", "columns"), nullptr);
  EXPECT_EQ(system_->Find("system", "storage_locations"), nullptr);
}

TEST_F(SystemTablesTest, RowsAreMadeWhenAScanOpensAndNotBefore) {
  int made = 0;
  system_->Supply("system", "jobs", [&](const Viewer& viewer) {
    ++made;
    return NoRows(viewer);
  });
  const auto source = MakeSystemSource(*system_->Find("system", "jobs"), ViewerOf(auth::Role::kDba));
  EXPECT_EQ(made, 0);
  const auto cursor = source->Open({}).value();
  EXPECT_EQ(made, 1);
  EXPECT_FALSE(cursor->Next().value());
  EXPECT_FALSE(cursor->Next().value());
}

// Of the tables that the catalog fills; tests/api/schema_integrity_test.cc asks a server the same.
TEST_F(SystemTablesTest, RowsHaveWhatTheirColumnsPromise) {
  ASSERT_TRUE(catalog_->CreateNamespace("app", false).ok());
  for (const TableKind kind : {TableKind::kUser, TableKind::kShared, TableKind::kStream}) {
    TableDef spec;
    spec.name = {"app", std::string(ToLowerName(kind))};
    spec.kind = kind;
    if (kind == TableKind::kStream) spec.ttl_seconds = 10;
    spec.columns.push_back({.name = "id", .type = DataType::kBigInt, .nullable = false, .primary_key = true});
    ASSERT_TRUE(catalog_->CreateTable(std::move(spec), false).ok());
  }
  ASSERT_TRUE(catalog_->CreateUser({.user_id = "maya", .username = "maya"}).ok());
  stats_.Add("commits_total", [] { return 7; });
  stats_.Add("live_connections", [] { return 0; });

  for (const SystemTable& table : system_->tables()) {
    std::set<std::string> keys;
    int key_columns = 0;
    for (const SystemColumn& column : table.columns) key_columns += column.presence == Presence::kPrimaryKey;
    EXPECT_EQ(key_columns, table.schema == "system" ? 1 : 0) << table.qualified_name();
    const RowStream rows = table.rows(ViewerOf(auth::Role::kSystem));
    Row row;
    while (rows(row)) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        const SystemColumn& column = table.columns[i];
        if (column.presence == Presence::kOptional) continue;
        EXPECT_FALSE(row[i].view().is_null()) << table.qualified_name() << "." << column.name;
        if (column.presence != Presence::kPrimaryKey) continue;
        EXPECT_TRUE(keys.emplace(row[i].view().text()).second) << table.qualified_name() << "." << column.name;
      }
    }
    const bool filled_elsewhere = table.name == "jobs" || table.name == "live_queries";
    EXPECT_EQ(keys.empty(), table.schema != "system" || filled_elsewhere) << table.qualified_name();
  }
}

TEST_F(SystemTablesTest, WhatIsAskedForByNameIsLookedUp) {
  for (const std::string ns : {"app", "web"}) {
    ASSERT_TRUE(catalog_->CreateNamespace(ns, false).ok());
    for (const std::string name : {"notes", "tags"}) {
      TableDef spec;
      spec.name = {ns, name};
      spec.columns.push_back({.name = "id", .type = DataType::kBigInt, .nullable = false, .primary_key = true});
      ASSERT_TRUE(catalog_->CreateTable(std::move(spec), false).ok());
    }
  }
  const Viewer viewer = ViewerOf(auth::Role::kDba);
  const auto rows = [&](std::string_view schema, std::string_view table,
                        const std::vector<std::pair<std::string, std::string>>& equal) {
    const SystemTable& listed = *system_->Find(schema, table);
    duck::KeyRange keys;
    for (const auto& [column, text] : equal) {
      const auto at = std::ranges::find(listed.columns, column, &SystemColumn::name);
      const Value value(Datum::Text(text));
      keys.columns.push_back({static_cast<std::size_t>(at - listed.columns.begin()), value, value});
    }
    const auto cursor = MakeSystemSource(listed, viewer)->Open(keys).value();
    int count = 0;
    while (cursor->Next().value()) ++count;
    return count;
  };
  EXPECT_EQ(rows("system", "tables", {}), 4);
  EXPECT_EQ(rows("system", "tables", {{"table_name", "tags"}}), 2);
  EXPECT_EQ(rows("system", "tables", {{"namespace", "web"}}), 2);
  EXPECT_EQ(rows("system", "tables", {{"namespace", "web"}, {"table_name", "tags"}}), 1);
  EXPECT_EQ(rows("system", "tables", {{"namespace", "web"}, {"table_name", "gone"}}), 0);
  EXPECT_EQ(rows("system", "tables", {{"namespace", "gone"}}), 0);
  EXPECT_EQ(rows("system", "tables", {{"table_id", "web:tags"}}), 4) << "left to the engine";
  EXPECT_EQ(rows("system", "table_schemas", {{"namespace_id", "app"}, {"table_name", "tags"}}), 1);
  EXPECT_GE(rows("information_schema", "tables", {{"table_schema", "app"}, {"table_name", "tags"}}), 1);
}

TEST_F(SystemTablesTest, StatsAreReadInOrderOfName) {
  std::int64_t hits = 1;
  stats_.Add("plan_cache_hits_total", [&] { return hits; });
  stats_.Add("commits_total", [] { return 7; });
  const SystemTable& table = *system_->Find("system", "stats");
  EXPECT_EQ(FirstCells(table, ViewerOf(auth::Role::kDba)),
            (std::vector<std::string>{"commits_total", "plan_cache_hits_total"}));
  hits = 5;
  EXPECT_EQ(stats_.Read()[1].value, 5);
}

TEST_F(SystemTablesTest, MayReadFollowsTheRole) {
  const auto readable = [&](auth::Role role) {
    std::string names;
    for (const SystemTable& table : system_->tables()) {
      if (table.schema == "system" && MayRead(ViewerOf(role), table)) names += table.name + " ";
    }
    return names;
  };
  EXPECT_EQ(readable(auth::Role::kUser), "live_queries namespaces table_schemas tables ");
  EXPECT_EQ(readable(auth::Role::kService), "jobs live_queries namespaces table_schemas tables ");
  EXPECT_EQ(readable(auth::Role::kDba), "jobs live_queries namespaces stats storages table_schemas tables users ");
}

}  // namespace
}  // namespace kalam::query
