#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <unistd.h>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "catalog/catalog.h"
#include "kv/store.h"
#include "model/key_codec.h"

// What the catalog's tests share.
namespace kalam::catalog {

class FakeClock final : public Clock {
 public:
  TimestampMicros NowMicros() const override { return now_; }
  void Set(TimestampMicros now) { now_ = now; }

 private:
  std::atomic<TimestampMicros> now_{1'760'956'200'123'456};
};

// The store as a writer, with a switch to refuse.
class SwitchedWriter final : public kv::DurableWriter {
 public:
  explicit SwitchedWriter(kv::DurableWriter& writer) : writer_(writer) {}
  void FailWith(std::optional<Error> error) { error_ = std::move(error); }
  int writes() const { return writes_; }

  Status WriteDurably(const kv::Batch& batch) override {
    if (error_) return *error_;
    ++writes_;
    return writer_.WriteDurably(batch);
  }
  Status WriteAndDropPrefixes(const kv::Batch& batch,
                              std::span<const std::string> prefixes) override {
    if (error_) return *error_;
    ++writes_;
    return writer_.WriteAndDropPrefixes(batch, prefixes);
  }

 private:
  kv::DurableWriter& writer_;
  std::optional<Error> error_;
  int writes_ = 0;
};

// Writes without waiting for the disk, for tests that make very many changes.
class NoSync final : public kv::DurableWriter {
 public:
  explicit NoSync(kv::Store& store) : store_(store) {}
  Status WriteDurably(const kv::Batch& batch) override {
    KALAM_TRY(store_.Write(batch));
    return {};
  }
  Status WriteAndDropPrefixes(const kv::Batch& batch, std::span<const std::string>) override {
    return WriteDurably(batch);  // these tests have no rows
  }

 private:
  kv::Store& store_;
};

// A catalog on a store in a folder of its own.
class CatalogTest : public testing::Test {
 protected:
  CatalogTest() {
    std::string pattern = testing::TempDir() + "kalam_catalog_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    OpenStore();
    Start();
  }
  ~CatalogTest() override {
    catalog_.reset();
    CloseStore();
    std::filesystem::remove_all(folder_);
  }

  void OpenStore() {
    kv::Options options;
    options.path = folder_ + "/rocksdb";
    options.write_buffer_bytes = 1 << 20;
    options.block_cache_bytes = 1 << 20;
    auto store = kv::Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.error().message();
    store_ = std::move(store).value();
    writer_ = std::make_unique<SwitchedWriter>(*store_);
  }
  void CloseStore() {
    writer_.reset();
    store_.reset();
  }

  Result<std::unique_ptr<Catalog>> TryOpen(std::string localhost_user = "system") {
    return Catalog::Open(*store_, *writer_, clock_,
                         {.localhost_default_user = std::move(localhost_user)});
  }
  void Start(std::string localhost_user = "system") {
    auto catalog = TryOpen(std::move(localhost_user));
    ASSERT_TRUE(catalog.ok()) << catalog.error().message();
    catalog_ = std::move(catalog).value();
  }
  // A new catalog from the same bytes; `deep` reopens the store as well.
  void Restart(bool deep = false) {
    catalog_.reset();
    if (deep) {
      CloseStore();
      OpenStore();
    }
    Start();
  }

  // Puts bytes where the catalog keeps its documents.
  void Overwrite(std::string_view key, std::string_view value) {
    kv::Batch batch;
    batch.Put(kv::Family::kMeta, key, value);
    ASSERT_TRUE(store_->WriteDurably(batch).ok());
  }
  void Remove(std::string_view key) {
    kv::Batch batch;
    batch.Delete(kv::Family::kMeta, key);
    ASSERT_TRUE(store_->WriteDurably(batch).ok());
  }
  std::string Stored(std::string_view key, kv::Family family = kv::Family::kMeta) const {
    kv::PinnedValue value;
    const auto outcome = store_->Get(family, key, value);
    EXPECT_TRUE(outcome.ok());
    return *outcome == kv::ReadOutcome::kFound ? std::string(value.view()) : "(none)";
  }

  std::string folder_;
  FakeClock clock_;
  std::unique_ptr<kv::Store> store_;
  std::unique_ptr<SwitchedWriter> writer_;
  std::unique_ptr<Catalog> catalog_;
};

inline ColumnDef Column(std::string name, DataType type,
                        std::optional<DefaultExpr> default_expr = std::nullopt) {
  ColumnDef column;
  column.name = std::move(name);
  column.type = type;
  column.default_expr = std::move(default_expr);
  return column;
}

// A small valid table: id BIGINT PRIMARY KEY, body TEXT.
inline TableDef SmallTable(std::string ns, std::string table, TableKind kind = TableKind::kUser) {
  TableDef def;
  def.name = {std::move(ns), std::move(table)};
  def.kind = kind;
  def.owner = "maya";
  def.columns = {Column("id", DataType::kBigInt), Column("body", DataType::kText)};
  def.columns[0].primary_key = true;
  if (kind == TableKind::kStream) def.ttl_seconds = 60;
  return def;
}

// Every kind of column, default and option.
inline TableDef RichTable(std::string ns, std::string table) {
  const auto literal = [](const Datum& datum, std::string text) {
    return DefaultExpr{.function = std::nullopt, .literal = Value(datum), .text = std::move(text)};
  };
  const auto function = [](DefaultFunction which) {
    return DefaultExpr{.function = which, .literal = {}, .text = std::string(ToString(which))};
  };
  TableDef def;
  def.name = {std::move(ns), std::move(table)};
  def.kind = TableKind::kShared;
  def.owner = "maya-2";
  def.access = AccessLevel::kRestricted;
  def.sharding = "alphabetic";
  def.deleted_retention_hours = 168;
  def.flush = {.row_threshold = 1000, .interval_seconds = 300};
  using enum DataType;
  def.columns = {
      Column("label", kText, literal(Datum::Text("it's \"x\"\n"), "'it''s \"x\"\n'")),
      Column("key", kBigInt, function(DefaultFunction::kSnowflakeId)),
      Column("flag", kBoolean, literal(Datum::Bool(false), "FALSE")),
      Column("small", kSmallInt, literal(Datum::Int(-3), "-3")),
      Column("n", kInt, literal(Datum::Null(), "NULL")),
      Column("big", kBigInt, literal(Datum::Int(INT64_MIN), "-9223372036854775808")),
      Column("f", kFloat),
      Column("d", kDouble, literal(Datum::Double(0.1), "0.1")),
      Column("at", kTimestamp, function(DefaultFunction::kNow)),
      Column("day", kDate),
      Column("t", kTime),
      Column("doc", kJson),
      Column("bytes", kBinary, literal(Datum::Binary(std::string_view("\x00\xff", 2)), "'0x00ff'")),
      Column("uuid", kText, function(DefaultFunction::kUuidV7)),
      Column("ulid", kText, function(DefaultFunction::kUlid)),
      Column("who", kText, function(DefaultFunction::kCurrentUser)),
  };
  def.columns[0].nullable = def.columns[8].nullable = false;
  def.columns[1].primary_key = true;
  return def;
}

// Whether two definitions are the same in everything a user could notice.
inline void ExpectSameTable(const TableDef& a, const TableDef& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.owner, b.owner);
  EXPECT_EQ(a.primary_key, b.primary_key);
  EXPECT_EQ(a.schema_version, b.schema_version);
  EXPECT_EQ(a.created_at, b.created_at);
  EXPECT_EQ(a.updated_at, b.updated_at);
  EXPECT_EQ(a.access, b.access);
  EXPECT_EQ(a.storage_id, b.storage_id);
  EXPECT_EQ(a.use_user_storage, b.use_user_storage);
  EXPECT_EQ(a.flush.row_threshold, b.flush.row_threshold);
  EXPECT_EQ(a.flush.interval_seconds, b.flush.interval_seconds);
  EXPECT_EQ(a.sharding, b.sharding);
  EXPECT_EQ(a.deleted_retention_hours, b.deleted_retention_hours);
  EXPECT_EQ(a.ttl_seconds, b.ttl_seconds);
  EXPECT_EQ(a.max_buffer, b.max_buffer);
  EXPECT_EQ(a.layout.column_count(), b.layout.column_count());
  ASSERT_EQ(a.columns.size(), b.columns.size());
  for (std::size_t i = 0; i < a.columns.size(); ++i) {
    const ColumnDef& x = a.columns[i];
    const ColumnDef& y = b.columns[i];
    SCOPED_TRACE(x.name);
    EXPECT_EQ(x.name, y.name);
    EXPECT_EQ(x.type, y.type);
    EXPECT_EQ(x.nullable, y.nullable);
    EXPECT_EQ(x.primary_key, y.primary_key);
    ASSERT_EQ(x.default_expr.has_value(), y.default_expr.has_value());
    if (!x.default_expr) continue;
    EXPECT_EQ(x.default_expr->function, y.default_expr->function);
    EXPECT_EQ(x.default_expr->text, y.default_expr->text);
    if (!x.default_expr->function) {
      EXPECT_EQ(x.default_expr->literal.view(), y.default_expr->literal.view());
    }
  }
}

}  // namespace kalam::catalog
