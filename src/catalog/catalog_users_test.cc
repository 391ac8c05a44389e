#include "catalog_fixture.h"

namespace kalam::catalog {
namespace {

class UsersTest : public CatalogTest {
 protected:
  UserPtr Create(std::string id) {
    User user;
    user.user_id = user.username = std::move(id);
    return catalog_->CreateUser(std::move(user)).value();
  }
  void Row(TableId table, const std::string& user, std::string_view key) {
    kv::Batch batch;
    batch.Put(kv::Family::kHot,
              PartitionPrefix(table, UserId::FromTrusted(user)) + std::string(key), "row");
    ASSERT_TRUE(store_->WriteDurably(batch).ok());
  }
};

TEST_F(UsersTest, AUserIsCreatedOnceChangedAndKeptOverARestart) {
  Create("maya");
  User again;
  again.user_id = "maya";
  EXPECT_EQ(catalog_->CreateUser(again).error().message(),
            "User with user_id 'maya' already exists");
  clock_.Set(clock_.NowMicros() + 5'000'000);
  const auto changed = catalog_->ChangeUser("maya", [](const User& user) -> Result<User> {
    User next = user;
    next.password_hash = "$argon2id$x";
    next.email = "maya@example.com";
    return next;
  });
  EXPECT_GT((*changed)->updated_at, (*changed)->created_at);
  EXPECT_EQ(catalog_->ChangeUser("nope", [](const User& user) -> Result<User> { return user; })
                .error()
                .message(),
            "User with user_id 'nope' not found");
  const User before = *catalog_->FindUser("maya");
  Restart(true);
  EXPECT_EQ(*catalog_->FindUser("maya"), before);
}

TEST_F(UsersTest, ARefusedChangeChangesNothing) {
  Create("maya");
  writer_->FailWith(Error(ErrorCode::kIo, "disk full"));
  EXPECT_FALSE(catalog_->DeleteUser("maya").ok());
  EXPECT_FALSE(catalog_->FindUser("maya")->deleted_at.has_value());
  EXPECT_FALSE(catalog_->CreateApiKey("maya", std::nullopt, "h").ok());
  EXPECT_EQ(catalog_->FindApiKey("h"), nullptr);
}

// US10 T320, T323, T324
TEST_F(UsersTest, ADeletedUserStaysUntilTheGracePeriodIsOverAndThenGoesWithItsRows) {
  const TableDefPtr table = catalog_->CreateTable(SmallTable("default", "notes"), false)->table;
  for (const char* id : {"maya", "may", "noah"}) {
    Create(id);
    Row(table->id, id, "key");
  }
  const auto key = catalog_->CreateApiKey("maya", "ci", "hash").value();
  ASSERT_TRUE(catalog_->Grant(*table, "maya").value());
  ASSERT_TRUE(catalog_->DeleteUser("maya").ok());
  EXPECT_EQ(catalog_->DeleteUser("maya").error().message(), "User with user_id 'maya' not found");
  const TimestampMicros deleted_at = *catalog_->FindUser("maya")->deleted_at;

  EXPECT_TRUE(catalog_->PurgeUsers(deleted_at).value().empty());
  EXPECT_NE(catalog_->FindUser("maya"), nullptr);
  EXPECT_EQ(catalog_->PurgeUsers(deleted_at + 1).value(), std::vector<std::string>{"maya"});
  Restart(true);
  EXPECT_EQ(catalog_->FindUser("maya"), nullptr);
  EXPECT_EQ(catalog_->FindApiKey("hash"), nullptr);
  EXPECT_FALSE(catalog_->HasGrant(table->id, "maya"));
  const auto stored = [&](const char* id) {
    return Stored(PartitionPrefix(table->id, UserId::FromTrusted(id)) + "key", kv::Family::kHot);
  };
  EXPECT_EQ(stored("maya"), "(none)");
  EXPECT_EQ(stored("may"), "row");
  EXPECT_EQ(stored("noah"), "row");
}

TEST_F(UsersTest, ApiKeysAreFoundByTheirHash) {
  Create("maya");
  EXPECT_EQ(catalog_->CreateApiKey("nope", std::nullopt, "h").error().message(),
            "User with user_id 'nope' not found");
  const auto key = catalog_->CreateApiKey("maya", "ci", "h1").value();
  catalog_->CreateApiKey("maya", std::nullopt, "h2").value();
  Restart(true);
  EXPECT_EQ(*catalog_->FindApiKey("h1"), *key);
  EXPECT_EQ(catalog_->ListApiKeys().size(), 2u);
  ASSERT_TRUE(catalog_->DropApiKey(key->id).ok());
  EXPECT_EQ(catalog_->DropApiKey(key->id).error().message(), "API key '" + key->id + "' not found");
  Restart(true);
  EXPECT_EQ(catalog_->FindApiKey("h1"), nullptr);
  EXPECT_NE(catalog_->FindApiKey("h2"), nullptr);
}

TEST_F(UsersTest, GrantsGoWithTheirTable) {
  const TableDefPtr table =
      catalog_->CreateTable(SmallTable("default", "t", TableKind::kShared), false)->table;
  EXPECT_TRUE(catalog_->Grant(*table, "maya").value());
  EXPECT_FALSE(catalog_->Grant(*table, "maya").value());
  EXPECT_TRUE(catalog_->Grant(*table, "noah").value());
  EXPECT_TRUE(catalog_->Revoke(*table, "noah").value());
  EXPECT_FALSE(catalog_->Revoke(*table, "noah").value());
  Restart(true);
  EXPECT_TRUE(catalog_->HasGrant(table->id, "maya"));
  EXPECT_FALSE(catalog_->HasGrant(table->id, "noah"));
  EXPECT_FALSE(catalog_->HasGrant(table->id, "may"));
  ASSERT_TRUE(catalog_->DropTable(table->name, {}).ok());
  EXPECT_FALSE(catalog_->HasGrant(table->id, "maya"));
  EXPECT_FALSE(catalog_->Grant(*table, "maya").ok());
  Restart(true);
  EXPECT_FALSE(catalog_->HasGrant(table->id, "maya"));
}

}  // namespace
}  // namespace kalam::catalog
