#include "catalog/table_document.h"

#include <random>
#include <string>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "catalog/namespace_document.h"
#include "catalog/user.h"
#include "catalog_fixture.h"

namespace kalam::catalog {
namespace {

constexpr std::string_view kKey = "information_schema_tables/app:notes";

TableDocument Document(TableDef def) {
  def.id = TableId(4'000'000'001);
  def.schema_version = 2;
  def.created_at = 1'760'956'200'123'000;
  def.updated_at = 1'760'956'300'456'000;
  def.Finish();
  return {.def = def,
          .history = {{.version = 1, .created_at = 1'760'956'200'123'000,
                       .changes = "Initial schema", .arrow_schema_json = ArrowSchemaJson(def)},
                      {.version = 2, .created_at = 1'760'956'300'456'000,
                       .changes = "ADD COLUMN \"x\"", .arrow_schema_json = "{}"}}};
}

TEST(TableDocument, EveryDefinitionComesBackAsItWas) {
  for (TableDef def : {SmallTable("app", "notes"), RichTable("app", "notes"),
                       SmallTable("app", "notes", TableKind::kStream)}) {
    if (def.kind == TableKind::kStream) def.max_buffer = 10;
    if (def.kind == TableKind::kUser) def.use_user_storage = true;
    const TableDocument document = Document(def);
    const auto decoded = DecodeTableDocument(kKey, EncodeTableDocument(document));
    ASSERT_TRUE(decoded.ok()) << decoded.error().message();
    ExpectSameTable(document.def, decoded->def);
    EXPECT_EQ(document.history, decoded->history);
  }
}

TEST(TableDocument, HasTheFieldsOfTheSpecification) {
  simdjson::dom::parser parser;
  const std::string json = EncodeTableDocument(Document(RichTable("app", "notes")));
  const simdjson::dom::element document = parser.parse(json);
  EXPECT_EQ(std::string_view(document["table_id"]), "app:notes");
  EXPECT_EQ(std::string_view(document["table_name"]), "notes");
  EXPECT_EQ(std::string_view(document["namespace_id"]), "app");
  EXPECT_EQ(std::string_view(document["table_type"]), "SHARED");
  EXPECT_EQ(std::int64_t(document["created_at"]), 1'760'956'200'123);
  EXPECT_EQ(std::int64_t(document["updated_at"]), 1'760'956'300'456);
  EXPECT_EQ(std::int64_t(document["schema_version"]), 2);
  EXPECT_EQ(std::string_view(document["storage_id"]), "local");
  EXPECT_EQ(bool(document["use_user_storage"]), false);
  EXPECT_EQ(std::int64_t(document["flush_policy"]["row_threshold"]), 1000);
  EXPECT_EQ(std::int64_t(document["flush_policy"]["interval_seconds"]), 300);
  EXPECT_EQ(std::int64_t(document["deleted_retention_hours"]), 168);
  EXPECT_TRUE(document["ttl_seconds"].is_null());
  EXPECT_EQ(std::string_view(document["owner_id"]), "maya-2");
  EXPECT_EQ(std::string_view(document["access"]), "restricted");
  EXPECT_EQ(std::string_view(document["sharding"]), "alphabetic");
  const simdjson::dom::element column = document["columns"].at(1);
  EXPECT_EQ(std::string_view(column["column_name"]), "key");
  EXPECT_EQ(std::int64_t(column["ordinal_position"]), 2);
  EXPECT_EQ(std::string_view(column["data_type"]), "BIGINT");
  EXPECT_EQ(std::string_view(column["column_default"]), "SNOWFLAKE_ID()");
  EXPECT_EQ(bool(column["is_primary_key"]), true);
  EXPECT_TRUE(document["columns"].at(6)["column_default"].is_null());
  const simdjson::dom::element history = document["schema_history"].at(0);
  EXPECT_EQ(std::int64_t(history["version"]), 1);
  EXPECT_EQ(std::string_view(history["changes"]), "Initial schema");
  simdjson::dom::parser nested;
  const std::string arrow{std::string_view(history["arrow_schema_json"])};
  const simdjson::dom::element schema = nested.parse(arrow);
  EXPECT_EQ(simdjson::dom::array(schema["fields"]).size(), 16u);
}

// `json` with the first `what` replaced.
std::string With(std::string json, std::string_view what, std::string_view by) {
  const auto at = json.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return json.replace(at, what.size(), by);
}

TEST(TableDocument, CorruptionNamesTheKeyAndTheField) {
  const std::string good = EncodeTableDocument(Document(RichTable("app", "notes")));
  const struct {
    std::string_view what, by, field;
  } damages[] = {
      {R"("table_type":"SHARED")", R"("table_type":"CUBE")", "table_type"},
      {R"("numeric_id":4000000001)", R"("numeric_id":0)", "numeric_id"},
      {R"("numeric_id":4000000001)", R"("numeric_id":4294967296)", "numeric_id"},
      {R"("schema_version":2)", R"("schema_version":65536)", "schema_version"},
      {R"("created_at":1760956200123)", R"("created_at":9223372036854775807)", "created_at"},
      {R"("created_at":1760956200123)", R"("created_at":"yesterday")", "created_at"},
      {R"("access":"restricted")", R"("access":"secret")", "access"},
      {R"("flush_policy")", R"("other")", "flush_policy"},
      {R"("row_threshold":1000)", R"("row_threshold":"many")", "row_threshold"},
      {R"("data_type":"BIGINT")", R"("data_type":"DECIMAL")", "data_type"},
      {R"("ordinal_position":2)", R"("ordinal_position":3)", "ordinal_position"},
      {R"("default_function":"NOW)", R"("default_function":"THEN)", "default_function"},
      {R"({"double":"0.1"})", R"({"double":"0.1x"})", "double"},
      {R"({"binary":"00ff"})", R"({"binary":"00f"})", "binary"},
      {R"({"binary":"00ff"})", R"({"binary":"00zz"})", "binary"},
      {R"("columns":[)", R"("columns":[1,)", "columns"},
      {R"("schema_history":[)", R"("schema_history":[null,)", "schema_history"},
  };
  for (const auto& damage : damages) {
    const auto decoded = DecodeTableDocument(kKey, With(good, damage.what, damage.by));
    ASSERT_FALSE(decoded.ok()) << damage.by;
    EXPECT_EQ(decoded.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(decoded.error().message(), std::string(kKey) + ": field '" + std::string(damage.field) +
                                             "' is missing or not valid");
  }
  const auto keyless = DecodeTableDocument(
      kKey, With(good, R"("is_primary_key":true)", R"("is_primary_key":false)"));
  ASSERT_FALSE(keyless.ok());
  EXPECT_EQ(keyless.error().message(),
            std::string(kKey) + ": the table has not exactly one primary key");
}

TEST(TableDocument, DamagedBytesNeverDoHarm) {
  const std::string good = EncodeTableDocument(Document(RichTable("app", "notes")));
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = good;
    if (round % 2 == 0) {
      bytes.resize(random() % bytes.size());
    } else {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const auto decoded = DecodeTableDocument(kKey, bytes);
    if (decoded.ok()) continue;
    ++refused;
    ASSERT_EQ(decoded.error().code(), ErrorCode::kCorruption);
    ASSERT_EQ(decoded.error().message().rfind(kKey, 0), 0u) << decoded.error().message();
  }
  EXPECT_GE(refused, 1500);  // each cut one, at least
}

TEST(NamespaceDocument, ComesBackAsItWas) {
  const NamespaceDocument document{
      .name = "app", .options_json = R"({"a":"b"})", .created_at = 1'760'956'200'123'000};
  const auto decoded = DecodeNamespace("k", EncodeNamespace(document));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, document);
  const auto broken = DecodeNamespace("system_namespaces/app", "{}");
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().message(),
            "system_namespaces/app: field 'name' is missing or not valid");
}

TEST(UserDocument, ComesBackAsItWas) {
  User user{.user_id = "u1", .username = "Maya", .role = auth::Role::kDba};
  user.created_at = user.updated_at = 1'760'956'200'123'000;
  for (int round = 0; round < 2; ++round) {
    const auto decoded = DecodeUser("k", EncodeUser(user));
    ASSERT_TRUE(decoded.ok()) << decoded.error().message();
    EXPECT_EQ(*decoded, user);
    user.email = "m@example.com";
    user.metadata = R"({"team":"x"})";
    user.storage_mode = "region";
    user.storage_id = "s3-eu";
    user.deleted_at = 1'760'956'200'124'000;
  }
  const auto broken = DecodeUser("system_users/u1", With(EncodeUser(user), "dba", "admin"));
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(broken.error().message(), "system_users/u1: field 'role' is missing or not valid");
}

}  // namespace
}  // namespace kalam::catalog
