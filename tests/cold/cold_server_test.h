#pragma once

#include "support/io_faults.h"
#include "support/s3_server.h"
#include "support/server_test.h"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>

namespace kalam::test {

// A server on a disk that fails when told to, with a USER table `app.notes (id BIGINT PRIMARY KEY,
// v BIGINT)`, and a map that knows what must be in it.
class ColdServerTest : public OwnServerTest {
 protected:
  void SetUp() override {
    if (!IoFaults::Available()) GTEST_SKIP() << "the sanitizer's runtime must be loaded first";
  }

  void Start(std::size_t min_files_of_a_merge) {
    server_ = &Make({.env = {{"KALAMDB_COMPACTION_MIN_FILES", std::to_string(min_files_of_a_merge)},
                             {"KALAMDB_COMPACTION_KEEP_FILES_SECONDS", "0"}}});
    faults_.AddTo(server_->options());
    StartAgain();
    ASSERT_TRUE(Ok(Run(
        "CREATE NAMESPACE app; CREATE USER TABLE app.notes (id BIGINT PRIMARY KEY, v BIGINT) FLUSH "
        "ROW_THRESHOLD 999999 INTERVAL 86399s")));
  }
  // A storage of that server, `s3`.
  void MakeStorage(const S3Server& s3) {
    ASSERT_TRUE(Ok(Run("CREATE STORAGE s3 TYPE s3 URI 's3://" + std::string(S3Server::kBucket) +
                       "/' CREDENTIALS '{\"access_key\":\"" + S3Server::kAccessKey +
                       "\",\"secret_key\":\"" + S3Server::kSecretKey + "\",\"endpoint\":\"" +
                       s3.endpoint() + "\"}'")));
  }
  // Another table for each attempt, so that each meets the same: an empty folder. Three rows, in S3
  // when flushed.
  void MakeTableOnS3(int number) {
    const std::string table = "app.t" + std::to_string(number);
    ASSERT_TRUE(Ok(Run("CREATE USER TABLE " + table +
                       " (id BIGINT PRIMARY KEY) STORAGE s3 FLUSH INTERVAL 86399s; INSERT INTO " +
                       table + " VALUES (1), (2), (3)")));
  }
  std::string SumOfTable(int number) {
    return Run("SELECT count(*) || ' ' || sum(id) FROM app.t" + std::to_string(number)).cell();
  }
  void StartAgain() {
    faults_.Disarm();
    server_->Start();
    client_.emplace(server_->port());
  }
  SqlAnswer Run(std::string_view sql) { return client_->Run(sql); }

  // Some rows are inserted, updated and deleted, in the hot store.
  void Change() {
    ++version_;
    const auto id = [&] { return static_cast<int>(random_() % 50); };
    std::string sql;
    for (int i = 0; i < 6; ++i) {
      rows_[id()] = version_;
    }
    for (const auto& [row, v] : rows_) {
      if (v == version_)
        sql += (sql.empty() ? "(" : ", (") + std::to_string(row) + ", " + std::to_string(v) + ")";
    }
    const int gone = id();
    rows_.erase(gone);
    ASSERT_TRUE(
        Ok(Run("INSERT INTO app.notes VALUES " + sql +
               " ON CONFLICT (id) DO UPDATE SET v = excluded.v; DELETE FROM app.notes WHERE id = " +
               std::to_string(gone))));
  }
  void ExpectRows(const std::string& after) {
    std::string expected;
    for (const auto& [id, v] : rows_)
      expected += (expected.empty() ? "" : " ") + std::to_string(id) + "=" + std::to_string(v);
    const SqlAnswer answer =
        Run("SELECT string_agg(id || '=' || v, ' ' ORDER BY id) FROM app.notes");
    ASSERT_TRUE(Ok(answer)) << after;
    ASSERT_EQ(answer.cell(), expected) << after;
  }

  struct Outcome {
    std::string status;  // of the job; `refused`: there was none
    std::string error;
  };
  // Throws when the server is gone.
  Outcome Finish(const SqlAnswer& started) {
    if (!started.ok()) return {"refused", started.error()};
    const std::string sql =
        "SELECT status, error FROM system.jobs WHERE job_id = '" + started.rows().at(0).at(0) + "'";
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (true) {
      const SqlAnswer answer = Run(sql);
      if (!answer.ok()) throw std::runtime_error("system.jobs: " + answer.error());
      const auto job = answer.rows().at(0);
      if (job[0] != "pending" && job[0] != "running") return {job[0], job[1]};
      if (std::chrono::steady_clock::now() > give_up) throw std::runtime_error("a job without end");
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  Outcome Flush() { return Finish(Run("FLUSH TABLE app.notes")); }
  // Until there is nothing to do. Throws when the server is gone.
  void AwaitJobs() {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (Run("SELECT count(*) FROM system.jobs WHERE status IN ('pending', 'running')").cell() !=
           "0") {
      if (std::chrono::steady_clock::now() > give_up) throw std::runtime_error("jobs without end");
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  std::string Stat(const std::string& metric, const std::string& table = "app.notes") {
    for (const auto& row : Run("SHOW TABLE STATS " + table).rows()) {
      if (row[0] == metric) return row[1];
    }
    return "no such metric";
  }
  std::filesystem::path Storage() const { return server_->data_dir() / "storage"; }
  // What lies in the storage: files in their places, or those that were being made.
  std::size_t FilesIn(const std::filesystem::path& folder) const {
    std::size_t files = 0;
    std::error_code vanished;
    for (std::filesystem::recursive_directory_iterator it(folder, vanished), end;
         !vanished && it != end; it.increment(vanished)) {
      if (it->is_directory(vanished) && it->path().filename() == ".staging") {
        it.disable_recursion_pending();
      } else if (it->is_regular_file(vanished)) {
        ++files;
      }
    }
    return files;
  }
  // As many files as the manifests name, and none half made. What can't be deleted at once is
  // deleted some seconds later.
  void ExpectNoFileTooMany() {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(25);
    const auto named = [&] { return static_cast<std::size_t>(std::stoul(Stat("parquet_files"))); };
    while (FilesIn(Storage()) != named() && std::chrono::steady_clock::now() < give_up)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_EQ(FilesIn(Storage()), named());
    EXPECT_EQ(FilesIn(Storage() / ".staging"), 0u);
  }

  const unsigned seed_ = std::random_device{}();
  const testing::ScopedTrace trace_{__FILE__, __LINE__, "seed=" + std::to_string(seed_)};
  std::mt19937 random_{seed_};
  IoFaults faults_;
  ServerProcess* server_ = nullptr;
  std::map<int, int> rows_;  // of app.notes: id, v

 private:
  std::optional<SqlClient> client_;
  int version_ = 0;
};

}  // namespace kalam::test
