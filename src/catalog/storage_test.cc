#include "catalog/storage.h"

#include <thread>

#include "catalog/storage_path.h"
#include "catalog_fixture.h"

namespace kalam::catalog {
namespace {

const std::string kKey(64, 'a');
const std::string kOtherKey(64, 'b');

std::string Refusal(TemplateKind kind, std::string_view text) {
  const Status status = CheckTemplate(kind, text);
  return status.ok() ? "" : status.error().message();
}

// US2 T184 test_storage_template_validation, T185 test_shared_table_template_ordering
TEST(StorageTemplate, SharedTemplates) {
  const auto refusal = [](std::string_view text) { return Refusal(TemplateKind::kShared, text); };
  EXPECT_EQ(refusal(kDefaultSharedTemplate), "");
  EXPECT_EQ(refusal("{storageLocation}/{namespace}/{tableName}"), "");
  EXPECT_EQ(refusal("s3://bucket/{namespace}/{tableName}"), "");
  EXPECT_EQ(refusal("/data/{namespace}/{tableName}"), "");
  EXPECT_EQ(refusal("{tableName}/{namespace}"), "Shared table template: {namespace} must appear before {tableName}");
  EXPECT_EQ(refusal("{tableName}"), "Shared table template: {namespace} is required");
  EXPECT_EQ(refusal("{namespace}"), "Shared table template: {tableName} is required");
  EXPECT_EQ(refusal("fixed"), "Shared table template: Both {namespace} and {tableName} are required");
  // T152e: unknown variables fail fast
  EXPECT_EQ(refusal("{namespace}/{tableName}/{userId}"),
            "Shared table template: Unknown variable {userId}. Known variables: {storageLocation}, {namespace}, "
            "{tableName}, {shard}");
  EXPECT_EQ(refusal("{namespace}/{tableName"), "Shared table template: braces must come in pairs");
  EXPECT_EQ(refusal("{namespace}/{tableName}}"), "Shared table template: braces must come in pairs");
}

// US2 T186 test_user_table_template_ordering, T187 test_user_table_template_requires_userId
TEST(StorageTemplate, UserTemplates) {
  const auto refusal = [](std::string_view text) { return Refusal(TemplateKind::kUser, text); };
  EXPECT_EQ(refusal(kDefaultUserTemplate), "");
  EXPECT_EQ(refusal("{namespace}/{tableName}/{userId}"), "");
  EXPECT_EQ(refusal("{namespace}/{tableName}/{shard}"), "User table template: {userId} is required");
  EXPECT_EQ(refusal("{tableName}/{namespace}/{userId}"),
            "User table template: {namespace} must appear before {tableName}");
  EXPECT_EQ(refusal("{namespace}/{shard}/{tableName}/{userId}"),
            "User table template: {tableName} must appear before {shard}");
  EXPECT_EQ(refusal("{namespace}/{tableName}/{userId}/{shard}"),
            "User table template: {shard} must appear before {userId}");
  EXPECT_EQ(refusal("{namespace}/{userId}/{tableName}"),
            "User table template: {tableName} must appear before {userId}");
  EXPECT_NE(refusal("{namespace}/{tableName}/{user_id}/{userId}").find("Unknown variable {user_id}"),
            std::string::npos);
}

TEST(StorageTemplate, NothingLeavesItsPlace) {
  for (const std::string_view text : {"../{namespace}/{tableName}", "{namespace}/../{tableName}",
                                      "{namespace}/./{tableName}", "{namespace}/{tableName}/..",
                                      "{namespace}\\{tableName}",
                                      "${namespace}/{tableName}", "{namespace}/{storageLocation}/{tableName}"}) {
    EXPECT_NE(Refusal(TemplateKind::kShared, text), "") << text;
  }
  EXPECT_NE(Refusal(TemplateKind::kShared, std::string("{namespace}/{tableName}\0", 24)), "");
}

TEST(StoragePath, ReplacesAllVariablesInOnePass) {
  Storage storage = DefaultStorage(0);
  const PathValues values{.ns = "app", .table = "notes", .shard = {}, .user = "maya"};
  const auto path = [&](TemplateKind kind, const PathValues& v) {
    const auto built = StoragePath(storage, kind, v, "./data/storage");
    return built.ok() ? *built : "refused: " + built.error().message();
  };
  EXPECT_EQ(path(TemplateKind::kShared, values), "./data/storage/app/shared/notes");
  EXPECT_EQ(path(TemplateKind::kUser, values), "./data/storage/app/users/notes/maya");
  EXPECT_EQ(path(TemplateKind::kUser, {.ns = "app", .table = "notes", .shard = "shard-a", .user = "maya"}),
            "./data/storage/app/users/notes/shard-a/maya");
  for (const std::string_view user : {"", ".", "..", "a/b", "a\\b"}) {
    EXPECT_EQ(path(TemplateKind::kUser, {.ns = "app", .table = "notes", .user = user}),
              "refused: a value of {userId} is no part of a path");
  }
  // A value that looks like a variable is a value.
  EXPECT_EQ(path(TemplateKind::kUser, {.ns = "app", .table = "notes", .user = "{shard}"}),
            "./data/storage/app/users/notes/{shard}");
  storage.uri = "s3://bucket/prefix/";
  EXPECT_EQ(path(TemplateKind::kShared, values), "s3://bucket/prefix/app/shared/notes");
  storage.shared_tables_template = "{storageLocation}/{namespace}/{tableName}";
  EXPECT_EQ(path(TemplateKind::kShared, values), "s3://bucket/prefix/app/notes");
  storage.shared_tables_template = "s3://other//{namespace}/{tableName}";
  EXPECT_EQ(path(TemplateKind::kShared, values), "s3://other/app/notes");
  storage.shared_tables_template = "/srv/{namespace}/{tableName}";
  EXPECT_EQ(path(TemplateKind::kShared, values), "/srv/app/notes");
  EXPECT_EQ(ShownStoragePath(DefaultStorage(0), TemplateKind::kUser, {.ns = "app", .table = "notes"}, "/d"),
            "/d/app/users/notes/{userId}");
}

TEST(CredentialsCipher, OpensOnlyWhatItSealedForThatStorage) {
  const auto cipher = CredentialsCipher::FromHexKey(kKey);
  ASSERT_TRUE(cipher.ok());
  const std::string sealed = *cipher->Seal("s3-prod", R"({"secret_key":"swordfish"})");
  EXPECT_EQ(sealed.find("swordfish"), std::string::npos);
  EXPECT_NE(sealed, *cipher->Seal("s3-prod", R"({"secret_key":"swordfish"})"));  // another nonce
  EXPECT_EQ(cipher->Open("s3-prod", sealed), R"({"secret_key":"swordfish"})");
  EXPECT_EQ(cipher->Open("s3-other", sealed), std::nullopt);
  EXPECT_EQ(CredentialsCipher::FromHexKey(kOtherKey)->Open("s3-prod", sealed), std::nullopt);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_EQ(cipher->Open("s3-prod", changed), std::nullopt) << i;
  }
  EXPECT_EQ(cipher->Open("s3-prod", sealed.substr(0, 20)), std::nullopt);
  EXPECT_EQ(cipher->Open("s3-prod", ""), std::nullopt);
  for (const std::string& bad : {std::string(), std::string("abc"), std::string(63, 'a'), std::string(64, 'x')}) {
    EXPECT_FALSE(CredentialsCipher::FromHexKey(bad).ok());
  }
}

class StorageCatalogTest : public CatalogTest {
 protected:
  static Storage S3(std::string id) {
    Storage storage{.id = std::move(id), .name = "S3", .type = StorageType::kS3, .uri = "s3://bucket/prefix/"};
    storage.credentials = R"({"access_key":"a","secret_key":"swordfish"})";
    return storage;
  }
  void StartWithKey(const std::string& key) {
    catalog_.reset();
    Catalog::Options options;
    if (!key.empty()) options.credentials_cipher = *CredentialsCipher::FromHexKey(key);
    auto opened = Catalog::Open(*store_, *writer_, clock_, options);
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    catalog_ = std::move(opened).value();
  }
  template <typename T>
  static std::string MessageOf(const Result<T>& result) {
    return result.ok() ? "" : result.error().message();
  }
  static std::string MessageOf(const Status& status) { return status.ok() ? "" : status.error().message(); }
  TableDef In(std::string table, std::string storage) {
    TableDef def = SmallTable("default", std::move(table));
    def.storage_id = std::move(storage);
    return def;
  }
};

// US2 T174 test_default_storage_creation
TEST_F(StorageCatalogTest, TheFirstStartHasTheStorageLocal) {
  const StoragePtr local = catalog_->FindStorage("local");
  ASSERT_NE(local, nullptr);
  EXPECT_EQ(local->name, "Local Filesystem");
  EXPECT_EQ(local->description, "Default local filesystem storage");
  EXPECT_EQ(local->type, StorageType::kFilesystem);
  EXPECT_EQ(local->uri, "");
  EXPECT_EQ(local->shared_tables_template, "{namespace}/shared/{tableName}");
  EXPECT_EQ(local->user_tables_template, "{namespace}/users/{tableName}/{shard}/{userId}");
  EXPECT_EQ(local->credentials, std::nullopt);
}

// US2 T191 test_show_storages_ordering
TEST_F(StorageCatalogTest, StoragesAreListedLocalFirstAndSurviveARestart) {
  for (const char* id : {"zeta", "alpha", "m-1"}) ASSERT_TRUE(catalog_->CreateStorage(S3(id), false).ok());
  EXPECT_EQ(MessageOf(catalog_->CreateStorage(S3("zeta"), false)), "Storage 'zeta' already exists");
  EXPECT_EQ(*catalog_->CreateStorage(S3("zeta"), true), DdlOutcome::kSkipped);
  ASSERT_TRUE(catalog_->AlterStorage("zeta", {.name = "Z", .description = "d"}).ok());
  EXPECT_EQ(MessageOf(catalog_->AlterStorage("nope", {})), "Storage 'nope' not found");
  for (int round = 0; round < 2; ++round) {
    std::string ids;
    for (const auto& storage : catalog_->ListStorages()) ids += storage->id + " ";
    EXPECT_EQ(ids, "local alpha m-1 zeta ");
    EXPECT_EQ(catalog_->FindStorage("zeta")->name, "Z");
    EXPECT_EQ(catalog_->FindStorage("zeta")->uri, "s3://bucket/prefix/");
    EXPECT_EQ(catalog_->FindStorage("zeta")->credentials, S3("zeta").credentials);
    Restart(true);
  }
}

TEST_F(StorageCatalogTest, WhatIsWrongIsRefusedWithoutRepeatingSecrets) {
  const auto refusal = [&](auto change) {
    Storage storage = S3("x");
    change(storage);
    return MessageOf(catalog_->CreateStorage(std::move(storage), false));
  };
  EXPECT_EQ(refusal([](Storage& s) { s.credentials = "[1]"; }), "Credentials must be a JSON object");
  const std::string broken = refusal([](Storage& s) { s.credentials = R"({"secret_key":"swordfish")"; });
  EXPECT_TRUE(broken.starts_with("Invalid credentials JSON: ")) << broken;
  EXPECT_EQ(broken.find("swordfish"), std::string::npos);
  for (const char* uri : {"s3://", "s3:///x", "http://host/", "/var/data", ""}) {
    EXPECT_NE(refusal([&](Storage& s) { s.uri = uri; }), "") << uri;
  }
  for (const char* uri : {"", "../up", "/a/../b", "/a/..", "s3://b/", "http://h/"}) {
    EXPECT_NE(refusal([&](Storage& s) { s.uri = uri, s.type = StorageType::kFilesystem; }), "") << uri;
  }
  for (const char* id : {"", "a b", "a/b", "a.b", "\xc3\xa9"}) {
    EXPECT_NE(refusal([&](Storage& s) { s.id = id; }), "") << id;
  }
  EXPECT_NE(refusal([](Storage& s) { s.description = std::string(5000, 'x'); }), "");
  EXPECT_EQ(refusal([](Storage& s) { s.user_tables_template = "{namespace}"; }),
            "User table template: {userId} is required");
  EXPECT_EQ(catalog_->ListStorages().size(), 1u);
}

// US2 T548 test_delete_storage_with_table_references, T549 test_delete_storage_error_message_format, T188, T189, T190
TEST_F(StorageCatalogTest, AStorageInUseIsNotDeleted) {
  EXPECT_EQ(MessageOf(catalog_->DropStorage("local", false)), "Cannot delete 'local' storage (protected)");
  EXPECT_EQ(MessageOf(catalog_->DropStorage("x", false)), "Storage 'x' does not exist and cannot be dropped");
  EXPECT_EQ(*catalog_->DropStorage("x", true), DdlOutcome::kSkipped);
  ASSERT_TRUE(catalog_->CreateStorage(S3("s3-prod"), false).ok());
  EXPECT_EQ(MessageOf(catalog_->CreateTable(In("t", "s3-nope"), false)),
            "Storage 's3-nope' does not exist in system.storages");
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(catalog_->CreateTable(In("t" + std::to_string(10 + i), "s3-prod"), false).ok());
  }
  EXPECT_EQ(MessageOf(catalog_->DropStorage("s3-prod", false)),
            "Cannot delete storage 's3-prod': 12 table(s) depend on it (12 table(s) still reference it): default.t10, "
            "default.t11, default.t12, default.t13, default.t14, default.t15, default.t16, default.t17, default.t18, "
            "default.t19, ...");
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(catalog_->DropTable({"default", "t" + std::to_string(10 + i)}, {}).ok());
  }
  EXPECT_EQ(*catalog_->DropStorage("s3-prod", false), DdlOutcome::kDone);
  EXPECT_EQ(catalog_->FindStorage("s3-prod"), nullptr);
  Restart();
  EXPECT_EQ(catalog_->FindStorage("s3-prod"), nullptr);
}

// Whatever the order: no table is left in a storage that is gone.
TEST_F(StorageCatalogTest, CreateTableAgainstDropStorage) {
  for (int round = 0; round < 50; ++round) {
    ASSERT_TRUE(catalog_->CreateStorage(S3("s"), false).ok());
    std::atomic<bool> go = false;
    bool dropped = false, created = false;
    std::thread dropper([&] {
      go.wait(false);
      dropped = catalog_->DropStorage("s", false).ok();
    });
    std::thread creator([&] {
      go.wait(false);
      created = catalog_->CreateTable(In("t", "s"), false).ok();
    });
    go = true;
    go.notify_all();
    dropper.join();
    creator.join();
    EXPECT_NE(dropped, created);
    if (created) {
      ASSERT_TRUE(catalog_->DropTable({"default", "t"}, {}).ok());
      ASSERT_TRUE(catalog_->DropStorage("s", false).ok());
    }
  }
}

TEST_F(StorageCatalogTest, CredentialsAreSealedOnDiskOnceThereIsAKey) {
  const std::string secret = "swordfish";
  const auto stored = [&] { return Stored("system_storages/s3"); };
  ASSERT_TRUE(catalog_->CreateStorage(S3("s3"), false).ok());
  EXPECT_NE(stored().find(secret), std::string::npos);

  StartWithKey(kKey);  // what was plain is sealed at the next start
  EXPECT_EQ(stored().find(secret), std::string::npos);
  EXPECT_EQ(catalog_->FindStorage("s3")->credentials, S3("s3").credentials);
  StartWithKey(kKey);
  EXPECT_EQ(catalog_->FindStorage("s3")->credentials, S3("s3").credentials);

  // Another key, or none: closed, and not lost.
  for (const std::string& key : {kOtherKey, std::string()}) {
    StartWithKey(key);
    EXPECT_EQ(catalog_->FindStorage("s3")->credentials, std::nullopt);
    ASSERT_TRUE(catalog_->AlterStorage("s3", {.name = "renamed"}).ok());
  }
  StartWithKey(kKey);
  EXPECT_EQ(catalog_->FindStorage("s3")->credentials, S3("s3").credentials);
  ASSERT_TRUE(catalog_->AlterStorage("s3", {.credentials = R"({"secret_key":"trout"})"}).ok());
  EXPECT_EQ(stored().find("trout"), std::string::npos);
  StartWithKey(kKey);
  EXPECT_EQ(catalog_->FindStorage("s3")->credentials, R"({"secret_key":"trout"})");
}

}  // namespace
}  // namespace kalam::catalog
