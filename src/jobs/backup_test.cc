#include "jobs/backup.h"

#include "backup_manifest.h"
#include "flush_fixture.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace kalam::jobs {
namespace {

class BackupTest : public ColdTierTest {
 protected:
  // Rows that are cold, hidden by newer cold ones, deleted, and hot.
  void Fill() {
    for (int id = 1; id <= 4; ++id) ASSERT_TRUE(Insert("maya", id, "a").ok());
    ASSERT_TRUE(Insert("noor", 1, "n").ok());
    ASSERT_TRUE(Flush().ok());
    ASSERT_EQ(Change("maya", 2, "B").value(), 1u);
    ASSERT_TRUE(Flush().ok());
    ASSERT_EQ(Change("maya", 3, "C").value(), 1u);
    ASSERT_EQ(Change("maya", 4, "", true).value(), 1u);
    ASSERT_TRUE(Insert("zoe", 9, "hot").ok());
  }
  std::filesystem::path Place() const { return folder_.path() + "/backup"; }
  // As a job of its own, or once more as `job`.
  Result<std::string> Backup(FailPoint fail_point = {}, const std::string& job = "") {
    JobContext context(job.empty() ? NewJob() : job);
    return WriteBackup(PartsOfBackup(std::move(fail_point)), "app", Place(), context);
  }
  Result<std::string> Restore(FailPoint fail_point = {}, const std::string& job = "") {
    JobContext context(job.empty() ? NewJob() : job);
    auto result = RestoreBackup(PartsOfBackup(std::move(fail_point)), "app", Place(), context);
    if (const TableDefPtr def = catalog_->FindTable("app", "notes")) id_ = def->id;
    return result;
  }
  std::string NewJob() { return "job " + std::to_string(jobs_++); }
  int jobs_ = 0;

  // With its files, as the server does.
  void Drop() {
    ASSERT_TRUE(
        catalog_
            ->DropNamespace(
                "app", {.cascade = true,
                        .also = [&](const TableDef& table, std::optional<std::string_view> user,
                                    kv::Batch& batch) -> Status {
                          KALAM_TRY(garbage_->AddAllOf(table.id, user, clock_.NowMicros(), batch));
                          return {};
                        }})
            .ok());
    Sweep();
    ASSERT_TRUE(Files().empty());
  }
  std::vector<std::filesystem::path> BackupFiles() const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(Place())) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    return files;
  }
};

TEST_F(BackupTest, ComesBackAsItWas) {
  Fill();
  const std::string maya = Rows("maya"), noor = Rows("noor"), zoe = Rows("zoe");
  const auto made = Backup();
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_NE(made->find("\"tables_count\":1,\"files_count\":5"), std::string::npos) << *made;
  EXPECT_EQ(Backup().error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(Restore().error().message(),
            "Namespace 'app' already exists. Drop it before restoring.");
  EXPECT_EQ(ReadBackupInfo(Place())->files, 5u);

  // What happens later is not in it.
  ASSERT_EQ(Change("maya", 1, "later").value(), 1u);
  ASSERT_TRUE(Insert("maya", 99, "later").ok());
  const TableId before = id_;
  Drop();
  const auto restored = Restore();
  ASSERT_TRUE(restored.ok()) << restored.error().message();
  EXPECT_NE(id_, before);
  EXPECT_EQ(Rows("maya"), maya);
  EXPECT_EQ(Rows("noor"), noor);
  EXPECT_EQ(Rows("zoe"), zoe);
  Reopen();
  Sweep();
  EXPECT_EQ(Rows("maya"), maya);
  EXPECT_EQ(Insert("maya", 3, "again").error().code(), ErrorCode::kConstraint);
  EXPECT_TRUE(Insert("maya", 4, "back").ok());
  EXPECT_EQ(Change("maya", 2, "changed").value(), 1u);
  ASSERT_TRUE(Flush().ok());
  ASSERT_TRUE(Compact().ok());
  EXPECT_EQ(Rows("maya"), "1=a 2=changed 3=C 4=back");
}

TEST_F(BackupTest, ShowsOneMomentWhateverHappensMeanwhile) {
  Fill();
  const std::string maya = Rows("maya"), zoe = Rows("zoe");
  int partitions = 0;
  ASSERT_TRUE(Backup([&](std::string_view) -> Status {
                if (partitions++ > 0) return {};
                // After the first partition: rows change, move and merge, files become garbage.
                EXPECT_EQ(Change("zoe", 9, "later").value(), 1u);
                EXPECT_TRUE(Insert("maya", 50, "later").ok());
                EXPECT_TRUE(Flush().ok());
                JobContext context("merge");
                CompactionParts parts = MergeParts();
                parts.policy.min_files = 2;
                EXPECT_TRUE(TableCompactor(parts).Compact(id_, std::nullopt, context).ok());
                Sweep();
                return {};
              }).ok());
  EXPECT_EQ(partitions, 3);
  Drop();
  ASSERT_TRUE(Restore().ok());
  EXPECT_EQ(Rows("maya"), maya);
  EXPECT_EQ(Rows("zoe"), zoe);
}

TEST_F(BackupTest, ACrashLeavesNoBackupAndNoNamespaceButTheNextAttemptWorks) {
  Fill();
  const std::string maya = Rows("maya");
  const auto crash = [](std::string_view) {
    return Status(Error(ErrorCode::kInternal, "crashed here"));
  };
  EXPECT_FALSE(Backup(crash).ok());
  EXPECT_EQ(ReadBackupInfo(Place()).error().code(), ErrorCode::kNotFound);
  Reopen();
  ASSERT_EQ(Change("maya", 1, "between").value(), 1u);
  ASSERT_TRUE(Backup().ok());
  Drop();
  EXPECT_FALSE(Restore(crash).ok());
  EXPECT_FALSE(catalog_->HasNamespace("app"));
  Reopen();
  Sweep();
  EXPECT_TRUE(Files().empty());
  ASSERT_TRUE(Restore().ok());
  EXPECT_EQ(Rows("maya"), "1=between" + maya.substr(3));
}

// Each place that has a name, the last included: the job is run again under its id, as after a crash.
TEST_F(BackupTest, AJobThatDiedAnywhereIsDoneWhenItIsRunAgain) {
  Fill();
  const std::string maya = Rows("maya"), noor = Rows("noor"), zoe = Rows("zoe");
  int places = 0;
  for (int round = 0;; ++round) {
    int reached = 0;
    const auto die = [&](std::string_view) -> Status {
      if (reached++ == round) return Error(ErrorCode::kInternal, "crashed here");
      return {};
    };
    std::filesystem::remove_all(Place());
    const std::string backup = NewJob(), restore = NewJob();
    const bool backup_died = !Backup(die, backup).ok();
    Reopen();
    const auto made = Backup({}, backup);
    ASSERT_TRUE(made.ok()) << made.error().message();
    EXPECT_TRUE(Backup({}, backup).ok()) << "and once more";
    EXPECT_EQ(Backup().error().code(), ErrorCode::kAlreadyExists) << "another job is another";
    Drop();
    reached = 0;
    const bool restore_died = !Restore(die, restore).ok();
    Reopen();
    const auto restored = Restore({}, restore);
    ASSERT_TRUE(restored.ok()) << restored.error().message();
    EXPECT_NE(restored->find("\"tables_count\":1,\"files_count\":"), std::string::npos) << *restored;
    EXPECT_EQ(Restore().error().code(), ErrorCode::kAlreadyExists);
    EXPECT_EQ(Rows("maya"), maya);
    EXPECT_EQ(Rows("noor"), noor);
    EXPECT_EQ(Rows("zoe"), zoe);
    places += static_cast<int>(backup_died) + static_cast<int>(restore_died);
    if (!backup_died && !restore_died) break;
  }
  EXPECT_EQ(places, 3 + 6) << "partitions written; files stored and the namespace created";
  Sweep();
  EXPECT_EQ(Files().size(), 5u) << "what the attempts left is gone";
}

TEST_F(BackupTest, WhatIsDamagedOrMissingIsNamedAndNothingIsRestored) {
  Fill();
  ASSERT_TRUE(Backup().ok());
  Drop();
  for (const auto& file : BackupFiles()) {
    std::string bytes;
    {
      std::ifstream in(file, std::ios::binary);
      bytes.assign(std::istreambuf_iterator<char>(in), {});
    }
    std::string damaged = bytes;
    damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
    for (const std::string& wrong : {damaged, bytes.substr(0, bytes.size() / 2), std::string()}) {
      std::ofstream(file, std::ios::binary | std::ios::trunc) << wrong;
      const auto restored = Restore();
      ASSERT_FALSE(restored.ok()) << file;
      EXPECT_EQ(restored.error().code(), ErrorCode::kCorruption) << restored.error().message();
      EXPECT_NE(restored.error().message().find(file.filename().string()), std::string::npos)
          << restored.error().message();
    }
    std::filesystem::remove(file);
    const auto restored = Restore();
    ASSERT_FALSE(restored.ok()) << file;
    EXPECT_EQ(restored.error().code(), ErrorCode::kNotFound) << restored.error().message();
    std::ofstream(file, std::ios::binary) << bytes;
    EXPECT_FALSE(catalog_->HasNamespace("app"));
  }
  EXPECT_TRUE(Files().empty());
  EXPECT_TRUE(Restore().ok());
}

TEST(BackupManifest, RefusesWhateverWasChanged) {
  BackupManifest manifest;
  manifest.contents.document.name = "app";
  const std::string json = EncodeBackupManifest(manifest);
  ASSERT_TRUE(DecodeBackupManifest(json).ok());
  for (std::size_t i = 0; i < json.size(); ++i) {
    std::string wrong = json;
    wrong[i] = static_cast<char>(wrong[i] ^ 1);
    EXPECT_FALSE(DecodeBackupManifest(wrong).ok()) << i;
    EXPECT_FALSE(DecodeBackupManifest(json.substr(0, i)).ok()) << i;
  }
}

}  // namespace
}  // namespace kalam::jobs
