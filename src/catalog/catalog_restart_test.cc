#include <chrono>

#include "catalog/catalog.h"
#include "catalog_fixture.h"
#include "meta_keys.h"

namespace kalam::catalog {
namespace {

TEST_F(CatalogTest, ARestartBringsEverythingBack) {
  ASSERT_TRUE(catalog_->CreateNamespace("app", false).ok());
  ASSERT_TRUE(catalog_->CreateTable(RichTable("app", "rich"), false).ok());
  ASSERT_TRUE(catalog_->CreateTable(SmallTable("app", "small"), false).ok());
  ASSERT_TRUE(catalog_->CreateTable(SmallTable("app", "events", TableKind::kStream), false).ok());
  ASSERT_TRUE(catalog_->CreateTable(SmallTable("app", "gone"), false).ok());
  ASSERT_TRUE(catalog_->DropTable({"app", "gone"}, {}).ok());
  const auto tables = catalog_->ListTables();
  const auto namespaces = catalog_->ListNamespaces();
  const auto users = catalog_->ListUsers();
  const auto history = catalog_->SchemaHistory("app", "rich");
  clock_.Set(2'000'000'000'000'000);

  Restart(/*deep=*/true);

  const auto tables_after = catalog_->ListTables();
  ASSERT_EQ(tables_after.size(), tables.size());
  for (std::size_t i = 0; i < tables.size(); ++i) {
    ExpectSameTable(*tables[i], *tables_after[i]);
    EXPECT_EQ(catalog_->FindTable(tables[i]->name.ns, tables[i]->name.table), tables_after[i]);
  }
  const auto namespaces_after = catalog_->ListNamespaces();
  ASSERT_EQ(namespaces_after.size(), namespaces.size());
  for (std::size_t i = 0; i < namespaces.size(); ++i) {
    EXPECT_EQ(namespaces_after[i].name, namespaces[i].name);
    EXPECT_EQ(namespaces_after[i].created_at, namespaces[i].created_at);
    EXPECT_EQ(namespaces_after[i].table_count, namespaces[i].table_count);
  }
  const auto users_after = catalog_->ListUsers();
  ASSERT_EQ(users_after.size(), users.size());
  EXPECT_EQ(*users_after[0], *users[0]);
  EXPECT_EQ(catalog_->SchemaHistory("app", "rich"), history);
}

TEST_F(CatalogTest, NumbersOfTablesAreNeverUsedAgain) {
  const auto number = [&] {
    const auto created = catalog_->CreateTable(SmallTable("default", "t"), false);
    EXPECT_TRUE(created.ok());
    EXPECT_TRUE(catalog_->DropTable({"default", "t"}, {}).ok());
    return created->table->id.value();
  };
  const auto first = number();
  const auto second = number();
  Restart();
  const auto third = number();
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
}

TEST_F(CatalogTest, ADroppedDefaultNamespaceStaysDropped) {
  ASSERT_TRUE(catalog_->DropNamespace("default", {}).ok());
  Restart();
  EXPECT_FALSE(catalog_->HasNamespace("default"));
}

TEST_F(CatalogTest, TheLocalhostUserGetsARowOnce) {
  Start("maya");
  const UserPtr maya = catalog_->FindUser("maya");
  ASSERT_NE(maya, nullptr);
  EXPECT_EQ(maya->role, auth::Role::kSystem);
  clock_.Set(2'000'000'000'000'000);
  // A row that is there already keeps what it says.
  User lowered = *maya;
  lowered.role = auth::Role::kUser;
  Overwrite(UserKey("maya"), EncodeUser(lowered));
  Start("maya");
  EXPECT_EQ(*catalog_->FindUser("maya"), lowered);
  EXPECT_EQ(catalog_->ListUsers().size(), 2u);

  const auto bad = TryOpen("no/such id");
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(bad.error().message().rfind("localhost_default_user: ", 0), 0u);
}

TEST_F(CatalogTest, OtherKeysOfTheMetaFamilyAreLeftAlone) {
  Overwrite("seq_lease", "not json");
  Overwrite("system_jobs/x", "not json");
  Overwrite("information_schema_tables", "not json");
  Restart();
  EXPECT_TRUE(catalog_->HasNamespace("default"));
}

TEST_F(CatalogTest, CorruptDocumentsStopTheStartAndNameTheirKey) {
  ASSERT_TRUE(catalog_->CreateTable(SmallTable("default", "t"), false).ok());
  const std::string table_key = TableKey({"default", "t"});
  const std::string table = Stored(table_key);
  const std::string ns_key = NamespaceKey("default");
  const std::string counter(kNextTableIdKey);
  const struct {
    std::string key, value, message;
  } damages[] = {
      {table_key, "", table_key + ": "},
      {table_key, table.substr(0, table.size() / 2), table_key + ": "},
      {table_key, "[]", table_key + ": "},
      {TableKey({"default", "u"}), table, TableKey({"default", "u"}) + ": holds another table"},
      {ns_key, "{", ns_key + ": "},
      {NamespaceKey("x"), Stored(ns_key), NamespaceKey("x") + ": holds another namespace"},
      {UserKey("system"), "null", UserKey("system") + ": "},
      {UserKey("x"), Stored(UserKey("system")), UserKey("x") + ": holds another user"},
      {StorageKey("local"), "not json", StorageKey("local") + ": "},
      {StorageKey("x"), Stored(StorageKey("local")), StorageKey("x") + ": holds another storage"},
      {counter, "", counter + ": not a table number"},
      {counter, "2x", counter + ": not a table number"},
      {counter, "1", counter + ": table default.t has number 1 already"},
  };
  for (const auto& damage : damages) {
    const std::string before = Stored(damage.key);
    Overwrite(damage.key, damage.value);
    const auto catalog = TryOpen();
    ASSERT_FALSE(catalog.ok()) << damage.message;
    EXPECT_EQ(catalog.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(catalog.error().message().rfind("open catalog: " + damage.message, 0), 0u)
        << catalog.error().message();
    before == "(none)" ? Remove(damage.key) : Overwrite(damage.key, before);
  }
  ASSERT_TRUE(TryOpen().ok());

  Remove(counter);
  EXPECT_FALSE(TryOpen().ok());
  Overwrite(counter, "2");
  Remove(ns_key);
  const auto orphan = TryOpen();
  ASSERT_FALSE(orphan.ok());
  EXPECT_EQ(orphan.error().message(),
            "open catalog: " + table_key + ": namespace 'default' is missing");
}

TEST_F(CatalogTest, TwoTablesWithOneNumberStopTheStart) {
  ASSERT_TRUE(catalog_->CreateTable(SmallTable("default", "a"), false).ok());
  auto document = DecodeTableDocument("k", Stored(TableKey({"default", "a"})));
  ASSERT_TRUE(document.ok());
  document->def.name.table = "b";
  Overwrite(TableKey({"default", "b"}), EncodeTableDocument(*document));
  const auto catalog = TryOpen();
  ASSERT_FALSE(catalog.ok());
  EXPECT_EQ(catalog.error().message(),
            "open catalog: " + TableKey({"default", "b"}) + ": table number 1 occurs twice");
}

// Ten thousand tables: DDL must not slow down with what is there already. Only the ratio is judged, and
// loosely; the times are printed.
TEST_F(CatalogTest, TenThousandTables) {
  using std::chrono::steady_clock;
  const auto create = [&](int from, int to) {
    const auto begin = steady_clock::now();
    for (int i = from; i < to; ++i) {
      auto created = catalog_->CreateTable(SmallTable("default", "t" + std::to_string(i)), false);
      EXPECT_TRUE(created.ok());
    }
    return std::chrono::duration<double, std::micro>(steady_clock::now() - begin).count() /
           (to - from);
  };
  NoSync fast(*store_);
  auto opened = Catalog::Open(*store_, fast, clock_, {});
  ASSERT_TRUE(opened.ok());
  catalog_ = std::move(opened).value();
  const double first = create(0, 1000);
  create(1000, 9000);
  const double last = create(9000, 10'000);
  RecordProperty("us_per_create_first_1000", std::to_string(first));
  RecordProperty("us_per_create_last_1000", std::to_string(last));
  EXPECT_LT(last, 20 * first);

  const auto begin = steady_clock::now();
  Restart();
  const double load = std::chrono::duration<double, std::milli>(steady_clock::now() - begin).count();
  RecordProperty("ms_load_10000", std::to_string(load));
  std::printf("create: %.1f us at first, %.1f us at 10,000; load 10,000: %.0f ms\n", first, last, load);
  EXPECT_EQ(catalog_->ListTables().size(), 10'000u);
  EXPECT_NE(catalog_->FindTable("default", "t9999"), nullptr);
}

}  // namespace
}  // namespace kalam::catalog
