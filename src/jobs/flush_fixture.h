#pragma once

#include "base/clock.h"
#include "base/temp_folder.h"
#include "catalog/catalog.h"
#include "cold/cold_rows.h"
#include "cold/storages.h"
#include "duck/segment_engine.h"
#include "jobs/backup.h"
#include "jobs/compaction.h"
#include "jobs/flush.h"
#include "kv/store.h"
#include "model/key_codec.h"
#include "model/row_codec.h"
#include "table/committer.h"
#include "table/reader.h"
#include "table/writer.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

// What the tests of the cold tier share.
namespace kalam::jobs {

// The system's clock, put forward.
class ShiftedClock final : public Clock {
 public:
  TimestampMicros NowMicros() const override { return SystemClock().NowMicros() + shift_; }
  void Shift(std::chrono::microseconds by) { shift_ += by.count(); }

 private:
  TimestampMicros shift_ = 0;
};

// A store with a USER table `app.notes (id BIGINT PRIMARY KEY, body TEXT)` and everything that
// moves its rows.
class ColdTierTest : public testing::Test {
 protected:
  ColdTierTest() {
    Open();
    EXPECT_TRUE(catalog_->CreateNamespace("app", false).ok());
    TableDef spec;
    spec.name = {"app", "notes"};
    spec.columns.resize(2);
    spec.deleted_retention_hours = 24;
    spec.columns[0] = {
        .name = "id", .type = DataType::kBigInt, .nullable = false, .primary_key = true};
    spec.columns[1] = {.name = "body", .type = DataType::kText};
    const auto created = catalog_->CreateTable(std::move(spec), false);
    EXPECT_TRUE(created.ok()) << created.error().message();
    id_ = created->table->id;
  }

  void Open() {
    store_ = kv::Store::Open({.path = folder_.path() + "/db"}).value();
    committer_ = table::Committer::Open(*store_, clock_, {}).value();
    catalog_ = catalog::Catalog::Open(*store_, *committer_, clock_,
                                      {.localhost_default_user = "localhost",
                                       .default_storage_path = folder_.path() + "/storage"})
                   .value();
    manifests_ = cold::ManifestStore::Open(*store_, 1 << 20).value();
    storages_ = std::make_unique<cold::Storages>(
        *catalog_, clock_,
        cold::StoragesOptions{.default_root = folder_.path() + "/storage",
                              .staging_folder = folder_.path() + "/staging",
                              .allowed_endpoint_hosts = {}});
    files_ =
        cold::SegmentFiles::Open(*storages_, {.cache_folder = folder_.path() + "/cache"}).value();
    engine_ = std::make_unique<duck::SegmentEngine>(duck::SegmentEngineOptions{});
    cold_ = std::make_unique<cold::ColdRows>(*manifests_, *files_, *engine_, block_cache_bytes_);
    garbage_ = std::make_unique<cold::Garbage>(*store_, *committer_, *manifests_, *storages_, *files_);
    reader_ = std::make_unique<table::Reader>(*store_, cold_.get());
    writer_ = std::make_unique<table::Writer>(*store_, *committer_, cold_.get());
  }
  void Close() {
    writer_.reset();
    reader_.reset();
    garbage_.reset();
    cold_.reset();
    engine_.reset();
    files_.reset();
    storages_.reset();
    manifests_.reset();
    catalog_.reset();
    committer_.reset();
    store_.reset();
  }
  void Reopen() {
    Close();
    Open();
  }

  FlushParts Parts(FailPoint fail_point = {}) {
    return {.clock = clock_,
            .store = *store_,
            .catalog = *catalog_,
            .committer = *committer_,
            .reader = *reader_,
            .writer = *writer_,
            .manifests = *manifests_,
            .storages = *storages_,
            .garbage = *garbage_,
            .engine = *engine_,
            .fail_point = std::move(fail_point)};
  }
  CompactionParts MergeParts(FailPoint fail_point = {}) {
    return {.clock = clock_,
            .catalog = *catalog_,
            .committer = *committer_,
            .reader = *reader_,
            .writer = *writer_,
            .cold = *cold_,
            .manifests = *manifests_,
            .storages = *storages_,
            .garbage = *garbage_,
            .policy = {.min_files = 4, .keep_files = std::chrono::microseconds(0)},
            .fail_point = std::move(fail_point)};
  }
  Result<std::string> Compact(FailPoint fail_point = {}) {
    JobContext context("job");
    return TableCompactor(MergeParts(std::move(fail_point))).Compact(id_, std::nullopt, context);
  }
  BackupParts PartsOfBackup(FailPoint fail_point = {}) {
    return {.clock = clock_,
            .store = *store_,
            .catalog = *catalog_,
            .committer = *committer_,
            .reader = *reader_,
            .cold = *cold_,
            .manifests = *manifests_,
            .storages = *storages_,
            .garbage = *garbage_,
            .fail_point = std::move(fail_point)};
  }
  // Deletes the files that nobody needs any more.
  void Sweep() {
    EXPECT_TRUE(garbage_->Sweep(clock_.NowMicros() + 1, std::chrono::steady_clock::time_point::max()).ok());
  }
  Result<std::string> Flush(FailPoint fail_point = {}) {
    JobContext context("job");
    KALAM_TRY_ASSIGN(FlushOutcome outcome, MakeTableFlusher(Parts(std::move(fail_point)))->Flush(id_, context));
    return outcome.result;
  }

  TableDefPtr table() const { return catalog_->FindTable(id_); }
  static UserId User(std::string_view name) { return UserId::FromTrusted(std::string(name)); }
  static std::string KeyOf(std::int64_t id) {
    std::string key;
    AppendPrimaryKey(key, Datum::Int(id));
    return key;
  }

  // Writes one row as INSERT does.
  Status Insert(std::string_view user, std::int64_t id, std::string_view body) {
    const TableDefPtr def = table();
    const std::string key = KeyOf(id);
    const std::string row = Encode(*def, id, body, false);
    const table::RowChange change{
        .op = table::ChangeOp::kInsert, .key = key, .row = row, .expected = {}};
    return Settle(writer_->Apply(*def, User(user), {&change, 1}, table::Blocking::kAllowed));
  }
  // As UPDATE by key does; with `remove`, as DELETE. How many rows were there.
  Result<std::uint64_t> Change(std::string_view user, std::int64_t id, std::string_view body,
                               bool remove = false) {
    const TableDefPtr def = table();
    const auto receipt = writer_->Mutate(
        *def, User(user), KeyOf(id),
        [&](std::string_view latest, std::string& row) -> Result<bool> {
          if (latest.empty() || RowDeleted(latest)) return false;
          row = Encode(*def, id, body, remove);
          return true;
        },
        table::Blocking::kAllowed);
    KALAM_TRY(Settle(receipt));
    return receipt.affected_rows;
  }
  // Writes rows `id=body` in one statement.
  Status InsertAll(std::string_view user, const std::vector<std::int64_t>& ids, std::string_view body) {
    const TableDefPtr def = table();
    std::vector<std::string> keys, rows;
    for (const std::int64_t id : ids) {
      keys.push_back(KeyOf(id));
      rows.push_back(Encode(*def, id, body, false));
    }
    std::vector<table::RowChange> changes;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      changes.push_back({.op = table::ChangeOp::kInsert, .key = keys[i], .row = rows[i], .expected = {}});
    }
    return Settle(writer_->Apply(*def, User(user), changes, table::Blocking::kAllowed));
  }
  // `1=a 2=b`, deleted rows as `3=c!`.
  std::string Rows(std::string_view user) {
    std::string text;
    for (const std::string& row : RowList(user, {}, table::Direction::kForward)) {
      text += (text.empty() ? "" : " ") + row;
    }
    return text;
  }
  std::vector<std::string> RowList(std::string_view user, const table::ScanBounds& bounds,
                                   table::Direction direction) {
    const TableDefPtr def = table();
    auto rows = reader_->Scan(committer_->Snapshot(), *def, User(user), bounds, direction, table::Blocking::kAllowed);
    std::vector<std::string> list;
    for (; rows.Valid(); rows.Next()) {
      list.push_back(std::to_string(rows.row().column(0).int_value()) + "=" +
                     std::string(rows.row().column(1).text()) + (rows.row().deleted() ? "!" : ""));
    }
    EXPECT_TRUE(rows.status().ok()) << rows.status().error().message();
    return list;
  }
  // Whichever way a scan goes, it gives the same rows.
  void ExpectSameBothWays(std::string_view user, const table::ScanBounds& bounds) {
    auto backwards = RowList(user, bounds, table::Direction::kBackward);
    std::ranges::reverse(backwards);
    EXPECT_EQ(backwards, RowList(user, bounds, table::Direction::kForward));
  }
  std::size_t HotRows(std::string_view user) {
    const TableDefPtr def = table();
    auto rows = reader_->ScanHot(committer_->LatestSnapshot(), *def, User(user));
    std::size_t count = 0;
    for (; rows.Valid(); rows.Next()) ++count;
    return count;
  }
  cold::ManifestPtr Manifest(std::string_view user) {
    return manifests_->Load(id_, user, nullptr).value();
  }
  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    if (!std::filesystem::exists(folder_.path() + "/storage")) return files;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(folder_.path() + "/storage")) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    return files;
  }

  TempFolder folder_;
  ShiftedClock clock_;
  std::unique_ptr<kv::Store> store_;
  std::unique_ptr<table::Committer> committer_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<cold::ManifestStore> manifests_;
  std::unique_ptr<cold::Storages> storages_;
  std::unique_ptr<cold::SegmentFiles> files_;
  std::unique_ptr<duck::SegmentEngine> engine_;
  std::size_t block_cache_bytes_ = std::size_t{16} << 20;  // of the next Open
  std::unique_ptr<cold::ColdRows> cold_;
  std::unique_ptr<cold::Garbage> garbage_;
  std::unique_ptr<table::Reader> reader_;
  std::unique_ptr<table::Writer> writer_;
  TableId id_;

 private:
  std::string Encode(const TableDef& def, std::int64_t id, std::string_view body, bool deleted) const {
    std::vector<Datum> columns(def.columns.size());
    columns[0] = Datum::Int(id);
    columns[1] = Datum::Text(body);
    std::string row;
    EncodeRow(def.layout, def.schema_version, clock_.NowMicros(), deleted, columns, row);
    return row;
  }
  Status Settle(const table::WriteReceipt& receipt) {
    if (receipt.durable_after != Seq()) KALAM_TRY(committer_->WaitDurable(receipt.durable_after));
    return receipt.status;
  }
};

}  // namespace kalam::jobs
