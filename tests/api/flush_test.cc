// US2 T137 test_automatic_flushing, US3 T237 test_manual_flushing.
// Flush as seen from outside: jobs, triggers, files, and that no query can tell where a row lies.

#include "support/s3_server.h"
#include "support/server_test.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace kalam::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class Flush : public OwnServerTest {
 protected:
  Flush() : server_(Make()) {}

  void Start() {
    server_.Start();
    client_.emplace(server_.port());
  }
  SqlClient& client() { return *client_; }
  SqlAnswer Run(std::string_view sql) { return client_->Run(sql); }

  // Looks again and again until `sql` gives the cell; what it gave last otherwise.
  std::string Await(const std::string& sql, const std::string& cell, seconds within = seconds(20)) {
    const auto give_up = steady_clock::now() + within;
    std::string last;
    while (steady_clock::now() < give_up) {
      last = Run(sql).cell();
      if (last == cell) break;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return last;
  }
  std::string AwaitJob(const std::string& id, const std::string& status = "completed") {
    return Await("SELECT status FROM system.jobs WHERE job_id = '" + id + "'", status);
  }
  // Starts a flush and waits for its end.
  void FlushTable(const std::string& name) {
    const SqlAnswer started = Run("FLUSH TABLE " + name);
    ASSERT_TRUE(Ok(started));
    ASSERT_EQ(AwaitJob(started.rows()[0][0]), "completed");
  }
  std::string Stat(const std::string& table, const std::string& metric) {
    for (const auto& row : Run("SHOW TABLE STATS " + table).rows()) {
      if (row[0] == metric) return row[1];
    }
    return "no such metric";
  }
  // Below the storage folder, sorted.
  std::vector<std::string> Files(const std::filesystem::path& root) const {
    std::vector<std::string> files;
    if (!std::filesystem::exists(root)) return files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      if (entry.is_regular_file()) files.push_back(std::filesystem::relative(entry.path(), root));
    }
    std::sort(files.begin(), files.end());
    return files;
  }
  std::vector<std::string> Files() const { return Files(server_.data_dir() / "storage"); }

  ServerProcess& server_;
  std::optional<SqlClient> client_;
};

// US3 T238 test_flush_table_returns_job_id, T239 test_flush_job_completes_asynchronously,
// T241 test_flush_job_result_includes_metrics; US2 T143 test_flush_job_status_tracking; US9
// T296 test_system_jobs_enhanced_fields
TEST_F(Flush, ATableIsFlushedByAJob) {
  Start();
  ASSERT_TRUE(Ok(Run(
      "CREATE NAMESPACE app; CREATE USER TABLE app.messages (id BIGINT PRIMARY KEY, body TEXT); "
      "INSERT INTO app.messages SELECT i, 'm' || i FROM range(250) t(i)")));
  const auto begun = steady_clock::now();
  const SqlAnswer flush = Run("FLUSH TABLE app.messages");
  EXPECT_LT(steady_clock::now() - begun, milliseconds(100));
  ASSERT_TRUE(Ok(flush));
  EXPECT_EQ(flush.columns(),
            (std::vector<std::string>{"job_id", "namespace", "table_name", "status"}));
  const std::string id = flush.rows()[0][0];
  EXPECT_TRUE(id.starts_with("flush-messages-")) << id;
  EXPECT_EQ(flush.rows()[0][1], "app");
  EXPECT_EQ(flush.rows()[0][2], "messages");
  EXPECT_EQ(flush.rows()[0][3], "pending");
  EXPECT_EQ(flush.message(), "Flush started for table 'app.messages'. Job ID: " + id);

  ASSERT_EQ(AwaitJob(id), "completed");
  const SqlAnswer job =
      Run("SELECT job_type, namespace_id, table_name, parameters, result, trace, node_id, "
          "started_at >= created_at, "
          "completed_at >= started_at, cpu_used > 0, error FROM system.jobs WHERE job_id = '" +
          id + "'");
  const auto row = job.rows().at(0);
  EXPECT_EQ(row[0], "flush");
  EXPECT_EQ(row[1], "app");
  EXPECT_EQ(row[2], "messages");
  EXPECT_EQ(row[3], "[\"app\",\"messages\"]");
  EXPECT_NE(row[4].find("\"records_flushed\":250,\"users_count\":1,\"parquet_files\":[\"app/users/"
                        "messages/system/"),
            std::string::npos)
      << row[4];
  EXPECT_NE(row[4].find("\"storage_location\":\"" + (server_.data_dir() / "storage").string()),
            std::string::npos);
  EXPECT_EQ(std::count(row[5].begin(), row[5].end(), ':'), 2) << row[5];
  EXPECT_EQ(row[6], "0");
  for (const std::size_t column : {7u, 8u, 9u}) EXPECT_EQ(row[column], "true") << column;
  EXPECT_EQ(row[10], "NULL");

  EXPECT_EQ(Stat("app.messages", "buffered_rows"), "0");
  EXPECT_EQ(Stat("app.messages", "flushed_rows"), "250");
  EXPECT_EQ(Stat("app.messages", "parquet_files"), "1");
  EXPECT_NE(Stat("app.messages", "last_flush"), "never");
  EXPECT_EQ(Run("SELECT count(*) FROM app.messages").cell(), "250");
}

// US3 T242 test_flush_empty_table, T240 test_flush_all_tables_multiple_jobs
TEST_F(Flush, EmptyTablesAndAllTables) {
  Start();
  ASSERT_TRUE(
      Ok(Run("CREATE NAMESPACE app; CREATE USER TABLE app.a (id BIGINT PRIMARY KEY); CREATE USER "
             "TABLE app.b "
             "(id BIGINT PRIMARY KEY); CREATE SHARED TABLE app.c (id BIGINT PRIMARY KEY); CREATE "
             "USER TABLE "
             "app.empty (id BIGINT PRIMARY KEY); CREATE STREAM TABLE app.s (id BIGINT PRIMARY KEY) "
             "TTL 60")));
  const SqlAnswer empty = Run("FLUSH TABLE app.empty");
  ASSERT_TRUE(Ok(empty));
  ASSERT_EQ(AwaitJob(empty.rows()[0][0]), "completed");
  EXPECT_NE(Run("SELECT result FROM system.jobs").cell().find("\"records_flushed\":0"),
            std::string::npos);
  EXPECT_EQ(Run("FLUSH ALL TABLES IN app").message(),
            "No user tables found in namespace 'app' to flush");

  ASSERT_TRUE(
      Ok(Run("INSERT INTO app.a VALUES (1); INSERT INTO app.b VALUES (1); INSERT INTO app.c VALUES "
             "(1); INSERT "
             "INTO app.s VALUES (1)")));
  const SqlAnswer all = Run("FLUSH ALL TABLES IN app");
  ASSERT_EQ(all.row_count(), 3);
  std::string ids;
  for (const auto& row : all.rows()) ids += (ids.empty() ? "" : ", ") + row[0];
  EXPECT_EQ(all.message(),
            "Flush started for 3 table(s) in namespace 'app'. Job IDs: [" + ids + "]");
  EXPECT_EQ(Await("SELECT count(*) FROM system.jobs WHERE status = 'completed'", "4"), "4");
  EXPECT_EQ(Files().size(), 3u);
  EXPECT_EQ(Run("STORAGE FLUSH ALL").message(), "No user tables found to flush");
}

TEST_F(Flush, WhatCanNotBeFlushedIsSaid) {
  Start();
  ASSERT_TRUE(
      Ok(Run("CREATE NAMESPACE app; CREATE STREAM TABLE app.events (id BIGINT PRIMARY KEY) TTL 60; "
             "CREATE USER "
             "TABLE app.notes (id BIGINT PRIMARY KEY)")));
  EXPECT_EQ(
      Run("FLUSH TABLE app.events").error(),
      "Cannot flush stream table 'app.events'. Only user and shared tables support flushing.");
  EXPECT_EQ(Run("FLUSH TABLE app.x").error(), "Table 'app.x' does not exist");
  EXPECT_EQ(Run("FLUSH TABLE x.y").error(), "Namespace 'x' does not exist");
  EXPECT_EQ(Run("FLUSH ALL TABLES IN x").error(), "Namespace 'x' does not exist");
  EXPECT_EQ(Run("FLUSH TABLE notes").error(),
            "Table name must be qualified (namespace.table) for FLUSH TABLE");
  SqlClient maya(server_.port(), "maya");
  EXPECT_EQ(maya.Run("FLUSH TABLE app.notes").http.status, 403);
  EXPECT_EQ(maya.Run("FLUSH ALL TABLES").http.status, 403);
  EXPECT_EQ(maya.Run("SELECT * FROM system.jobs").http.status, 403);
  EXPECT_EQ(maya.Run("KILL JOB 'x'").http.status, 403);
}

// US2 T138a test_row_count_flush_trigger, T138c test_combined_triggers_rowcount_wins, T138d
// test_trigger_counter_reset
TEST_F(Flush, TheRowThatReachesTheThresholdTriggersAtOnce) {
  Start();
  ASSERT_TRUE(
      Ok(Run("CREATE NAMESPACE app; CREATE USER TABLE app.notes (id BIGINT PRIMARY KEY) FLUSH "
             "INTERVAL 60s "
             "ROW_THRESHOLD 100; INSERT INTO app.notes SELECT i FROM range(99) t(i)")));
  const std::string jobs = "SELECT count(*) FROM system.jobs WHERE status = 'completed'";
  EXPECT_EQ(Run("SELECT count(*) FROM system.jobs").cell(), "0");
  ASSERT_TRUE(Ok(Run("INSERT INTO app.notes VALUES (1000)")));
  EXPECT_EQ(Await(jobs, "1", seconds(5)), "1");
  EXPECT_EQ(Stat("app.notes", "buffered_rows"), "0");

  ASSERT_TRUE(Ok(Run("INSERT INTO app.notes SELECT i FROM range(2000, 2099) t(i)")));
  EXPECT_EQ(Run("SELECT count(*) FROM system.jobs").cell(), "1") << "it counts from 0 again";
  ASSERT_TRUE(Ok(Run("INSERT INTO app.notes VALUES (3000)")));
  EXPECT_EQ(Await(jobs, "2", seconds(5)), "2");
  EXPECT_EQ(Run("SELECT count(*) FROM app.notes").cell(), "200");
}

// US2 T138 test_scheduled_flush_interval, T138b test_combined_triggers_time_wins
TEST_F(Flush, TheIntervalTriggersAndOnlyWhenThereIsSomething) {
  Start();
  ASSERT_TRUE(Ok(Run(
      "CREATE NAMESPACE app; CREATE USER TABLE app.notes (id BIGINT PRIMARY KEY) FLUSH INTERVAL 1s "
      "ROW_THRESHOLD 10000; CREATE USER TABLE app.idle (id BIGINT PRIMARY KEY) FLUSH INTERVAL 1s; "
      "INSERT INTO app.notes SELECT i FROM range(100) t(i)")));
  EXPECT_EQ(Await("SELECT count(*) FROM system.jobs WHERE status = 'completed'", "1", seconds(5)),
            "1");
  EXPECT_EQ(Files().size(), 1u);
  ASSERT_TRUE(Ok(Run("INSERT INTO app.notes VALUES (1000)")));
  EXPECT_EQ(Await("SELECT count(*) FROM system.jobs WHERE status = 'completed'", "2", seconds(5)),
            "2");
  EXPECT_EQ(Run("SELECT count(*) FROM system.jobs WHERE table_name = 'idle'").cell(), "0");
}

// US2 T139 test_multi_user_flush_grouping, T140 test_storage_path_template_substitution,
// T142 test_user_vs_shared_table_paths
TEST_F(Flush, EachUserHasAFileOfTheirOwn) {
  Start();
  ASSERT_TRUE(
      Ok(Run("CREATE NAMESPACE app; CREATE USER TABLE app.notes (id BIGINT PRIMARY KEY, body "
             "TEXT); CREATE "
             "SHARED TABLE app.rooms (id BIGINT PRIMARY KEY); INSERT INTO app.rooms VALUES (1)")));
  for (const char* user : {"maya", "noor", "zoe"}) {
    SqlClient own(server_.port(), user);
    ASSERT_TRUE(Ok(own.Run("INSERT INTO app.notes VALUES (1, '" + std::string(user) + "')")));
  }
  FlushTable("app.notes");
  FlushTable("app.rooms");
  const auto files = Files();
  ASSERT_EQ(files.size(), 4u);
  EXPECT_TRUE(files[0].starts_with("app/shared/rooms/20")) << files[0];
  EXPECT_TRUE(files[1].starts_with("app/users/notes/maya/20")) << files[1];
  EXPECT_TRUE(files[2].starts_with("app/users/notes/noor/20")) << files[2];
  EXPECT_TRUE(files[3].starts_with("app/users/notes/zoe/20")) << files[3];
  for (const std::string& file : files) {
    EXPECT_TRUE(file.ends_with(".parquet")) << file;
    EXPECT_EQ(file.find_first_of("{}$"), std::string::npos) << file;
  }
  for (const char* user : {"maya", "noor", "zoe"}) {
    EXPECT_EQ(SqlClient(server_.port(), user).Run("SELECT body FROM app.notes").cell(), user);
  }
}

// US2 T141 test_sharding_strategy_distribution
TEST_F(Flush, ShardedUsersAreSpreadOverFolders) {
  Start();
  ASSERT_TRUE(
      Ok(Run("CREATE NAMESPACE app; CREATE USER TABLE app.notes (id BIGINT PRIMARY KEY) SHARDING "
             "alphabetic; "
             "CREATE USER TABLE app.counts (id BIGINT PRIMARY KEY) SHARDING numeric; "
             "CREATE USER TABLE app.hashed (id BIGINT PRIMARY KEY) SHARDING 'consistent_hash' SHARDS 2; "
             "CREATE USER TABLE app.plain (id BIGINT PRIMARY KEY) SHARDING")));
  for (const char* user : {"anna", "bert", "u7"}) {
    SqlClient own(server_.port(), user);
    ASSERT_TRUE(Ok(own.Run("INSERT INTO app.notes VALUES (1); INSERT INTO app.counts VALUES (1)")));
  }
  ASSERT_TRUE(Ok(SqlClient(server_.port(), "anna").Run("INSERT INTO app.plain VALUES (1)")));
  for (const char* user : {"anna", "bert"}) {
    ASSERT_TRUE(Ok(SqlClient(server_.port(), user).Run("INSERT INTO app.hashed VALUES (1)")));
  }
  for (const char* table : {"app.notes", "app.counts", "app.hashed", "app.plain"}) FlushTable(table);
  std::vector<std::string> folders;
  for (const std::string& file : Files())
    folders.push_back(std::filesystem::path(file).parent_path());
  EXPECT_EQ(folders, (std::vector<std::string>{
                         "app/users/counts/shard-7/u7", "app/users/counts/shard-9/anna",
                         "app/users/counts/shard-9/bert", "app/users/hashed/shard-0000/bert",
                         "app/users/hashed/shard-0001/anna", "app/users/notes/shard-a/anna",
                         "app/users/notes/shard-b/bert", "app/users/notes/shard-u/u7",
                         "app/users/plain/shard-a/anna"}));
}

// US2 T144 test_scheduler_recovery_after_restart
TEST_F(Flush, ARestartForgetsNoPendingFlush) {
  Start();
  ASSERT_TRUE(
      Ok(Run("CREATE NAMESPACE app; CREATE USER TABLE app.notes (id BIGINT PRIMARY KEY) FLUSH "
             "INTERVAL 2s; "
             "INSERT INTO app.notes VALUES (1), (2)")));
  server_.Kill();
  Start();
  EXPECT_EQ(Await("SELECT count(*) FROM system.jobs WHERE status = 'completed'", "1"), "1");
  EXPECT_EQ(Run("SELECT count(*) FROM app.notes").cell(), "2");
  EXPECT_EQ(Files().size(), 1u);
}

// US2 T144a test_kill_job_cancellation, T144b test_kill_nonexistent_job_error, T144c
// test_concurrent_job_management; US3 T243 test_concurrent_flush_same_table
TEST_F(Flush, AJobCanBeKilledAndTheOthersGoOn) {
  Start();
  ASSERT_TRUE(
      Ok(Run("CREATE NAMESPACE app; CREATE USER TABLE app.big (id BIGINT PRIMARY KEY, body TEXT) "
             "FLUSH INTERVAL "
             "3600s; CREATE USER TABLE app.small (id BIGINT PRIMARY KEY); INSERT INTO app.small "
             "VALUES (1)")));
  for (int chunk = 0; chunk < 4; ++chunk) {
    ASSERT_TRUE(Ok(Run("INSERT INTO app.big SELECT i, repeat('x', 200) FROM range(" +
                       std::to_string(chunk * 100'000) + ", " +
                       std::to_string(chunk * 100'000 + 100'000) + ") t(i)")));
  }
  const std::string id = Run("FLUSH TABLE app.big").rows().at(0)[0];
  EXPECT_EQ(Run("FLUSH TABLE app.big").rows().at(0)[0], id) << "a busy table has one flush";
  const std::string other = Run("FLUSH TABLE app.small").rows().at(0)[0];
  const SqlAnswer killed = Run("KILL JOB '" + id + "'");
  ASSERT_TRUE(Ok(killed));
  EXPECT_EQ(killed.message(), "Job '" + id + "' cancelled successfully");
  EXPECT_EQ(AwaitJob(id, "cancelled"), "cancelled");
  EXPECT_EQ(
      Run("SELECT completed_at IS NOT NULL FROM system.jobs WHERE job_id = '" + id + "'").cell(),
      "true");
  EXPECT_EQ(AwaitJob(other), "completed");
  EXPECT_EQ(Run("SELECT count(*) FROM app.big").cell(), "400000");
  EXPECT_EQ(Run("KILL JOB '" + id + "'").error(),
            "Cannot cancel job " + id + " with status 'cancelled'");
  EXPECT_EQ(Run("KILL JOB nope").error(), "Job not found: nope");
  FlushTable("app.big");
  EXPECT_EQ(Run("SELECT count(*) FROM app.big").cell(), "400000");
}

// US3 T244 test_shutdown_waits_for_flush_jobs
TEST_F(Flush, ShutdownWaitsForRunningJobs) {
  Start();
  ASSERT_TRUE(
      Ok(Run("CREATE NAMESPACE app; CREATE USER TABLE app.big (id BIGINT PRIMARY KEY, body TEXT) "
             "FLUSH INTERVAL "
             "3600s; INSERT INTO app.big SELECT i, repeat('x', 200) FROM range(100000) t(i)")));
  const std::string id = Run("FLUSH TABLE app.big").rows().at(0)[0];
  server_.Restart();
  client_.emplace(server_.port());
  EXPECT_EQ(Run("SELECT status FROM system.jobs WHERE job_id = '" + id + "'").cell(), "completed");
  EXPECT_EQ(Stat("app.big", "buffered_rows"), "0");
  EXPECT_EQ(Run("SELECT count(*) FROM app.big").cell(), "100000");
}

// A job that a crash cut off is done under the same id: US2 T158e.
TEST_F(Flush, ACrashedJobIsResumedUnderItsId) {
  Start();
  ASSERT_TRUE(
      Ok(Run("CREATE NAMESPACE app; CREATE USER TABLE app.big (id BIGINT PRIMARY KEY, body TEXT) "
             "FLUSH INTERVAL "
             "3600s; INSERT INTO app.big SELECT i, repeat('x', 200) FROM range(100000) t(i)")));
  const std::string id = Run("FLUSH TABLE app.big").rows().at(0)[0];
  server_.Kill();
  Start();
  EXPECT_EQ(AwaitJob(id), "completed");
  EXPECT_EQ(Run("SELECT count(*), count(DISTINCT id) FROM app.big").rows().at(0),
            (std::vector<std::string>{"100000", "100000"}));
  EXPECT_EQ(Stat("app.big", "buffered_rows"), "0");
}

// US3 T245 test_flush_job_failure_handling
TEST_F(Flush, AFailedJobSaysWhyAndLosesNothing) {
  Start();
  ASSERT_TRUE(
      Ok(Run("CREATE NAMESPACE app; CREATE USER TABLE app.notes (id BIGINT PRIMARY KEY); INSERT "
             "INTO app.notes "
             "VALUES (1), (2)")));
  const auto folder = server_.data_dir() / "storage" / "app" / "users" / "notes";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "system") << "a file where a folder must be";
  const std::string id = Run("FLUSH TABLE app.notes").rows().at(0)[0];
  ASSERT_EQ(AwaitJob(id, "failed"), "failed");
  const auto row =
      Run("SELECT error, result FROM system.jobs WHERE job_id = '" + id + "'").rows().at(0);
  EXPECT_TRUE(row[0].starts_with("Flush failed for all users: ")) << row[0];
  EXPECT_EQ(row[0], row[1]);
  EXPECT_EQ(Run("SELECT count(*) FROM app.notes").cell(), "2");
  std::filesystem::remove(folder / "system");
  FlushTable("app.notes");
  EXPECT_EQ(Run("SELECT count(*) FROM app.notes").cell(), "2");
}

// US2 T192 test_flush_resolves_s3_storage, T193 test_multi_storage_flush
TEST_F(Flush, TablesGoToTheirStoragesS3Included) {
  const S3Server s3;
  Start();
  const auto elsewhere = server_.data_dir() / "elsewhere";
  ASSERT_TRUE(Ok(Run("CREATE NAMESPACE app; CREATE STORAGE s3-prod TYPE s3 URI 's3://" +
                     std::string(S3Server::kBucket) + "/kalam/' CREDENTIALS '{\"access_key\":\"" +
                     S3Server::kAccessKey + "\",\"secret_key\":\"" + S3Server::kSecretKey +
                     "\",\"endpoint\":\"" + s3.endpoint() +
                     "\"}'; CREATE STORAGE other TYPE "
                     "filesystem PATH '" +
                     elsewhere.string() +
                     "'; CREATE USER TABLE app.a (id BIGINT PRIMARY KEY, b "
                     "TEXT); CREATE USER TABLE app.b (id BIGINT PRIMARY KEY, b TEXT) STORAGE "
                     "other; CREATE USER TABLE "
                     "app.c (id BIGINT PRIMARY KEY, b TEXT) STORAGE s3-prod")));
  for (const char* table : {"app.a", "app.b", "app.c"}) {
    ASSERT_TRUE(
        Ok(Run("INSERT INTO " + std::string(table) + " SELECT i, 'b' || i FROM range(1000) t(i)")));
    FlushTable(table);
    EXPECT_EQ(Stat(table, "buffered_rows"), "0");
    EXPECT_EQ(Run("SELECT count(*) FROM " + std::string(table)).cell(), "1000");
    EXPECT_EQ(Run("SELECT b FROM " + std::string(table) + " WHERE id = 77").cell(), "b77");
  }
  EXPECT_EQ(Files().size(), 1u);
  EXPECT_EQ(Files(elsewhere).size(), 1u);
  EXPECT_NE(Run("SELECT result FROM system.jobs WHERE table_name = 'c'").cell().find("s3://"),
            std::string::npos);
  server_.Restart();
  client_.emplace(server_.port());
  EXPECT_EQ(Run("SELECT b FROM app.c WHERE id = 78").cell(), "b78") << "fetched anew";
}

// US2 T181 test_flush_with_use_user_storage, T182 test_user_storage_mode_region, T183
// test_user_storage_mode_table
TEST_F(Flush, AUserMayHaveAStorageOfTheirOwn) {
  Start();
  const auto eu = server_.data_dir() / "eu";
  ASSERT_TRUE(
      Ok(Run("CREATE NAMESPACE app; CREATE STORAGE eu TYPE filesystem PATH '" + eu.string() +
             "'; CREATE USER TABLE app.notes (id BIGINT PRIMARY KEY) USE_USER_STORAGE; INSERT INTO "
             "system.users "
             "(user_id, username, storage_mode, storage_id) VALUES ('maya', 'maya', 'region', "
             "'eu'), ('noor', "
             "'noor', 'table', 'eu')")));
  for (const char* user : {"maya", "noor", "zoe"}) {
    ASSERT_TRUE(Ok(SqlClient(server_.port(), user).Run("INSERT INTO app.notes VALUES (1)")));
  }
  FlushTable("app.notes");
  ASSERT_EQ(Files(eu).size(), 1u);
  EXPECT_TRUE(Files(eu)[0].starts_with("app/users/notes/maya/"));
  EXPECT_EQ(Files().size(), 2u);
  EXPECT_EQ(SqlClient(server_.port(), "maya").Run("SELECT count(*) FROM app.notes").cell(), "1");
}

TEST_F(Flush, SmallFilesAreMergedInTheBackground) {
  server_.options().env["KALAMDB_COMPACTION_MIN_FILES"] = "3";
  server_.options().env["KALAMDB_COMPACTION_KEEP_FILES_SECONDS"] = "0";
  Start();
  ASSERT_TRUE(
      Ok(Run("CREATE NAMESPACE app; CREATE USER TABLE app.notes (id BIGINT PRIMARY KEY, body TEXT) DELETED_RETENTION "
             "OFF")));
  for (int round = 0; round < 3; ++round) {
    const std::string n = std::to_string(round);
    ASSERT_TRUE(Ok(Run("INSERT INTO app.notes VALUES (" + n + ", 'a'), (1" + n + ", 'b'); UPDATE app.notes SET body = "
                       "'c' WHERE id < 10; DELETE FROM app.notes WHERE id = 10")));
    FlushTable("app.notes");
  }
  EXPECT_EQ(Await("SELECT count(*) FROM system.jobs WHERE job_type = 'compact' AND status = 'completed'", "1"), "1");
  EXPECT_NE(Run("SELECT result FROM system.jobs WHERE job_type = 'compact'").cell().find(
                "\"files_merged\":3,\"files_written\":1,\"rows_written\":6,"),
            std::string::npos);
  EXPECT_EQ(Stat("app.notes", "parquet_files"), "1");
  EXPECT_EQ(Run("SELECT string_agg(id || body, ' ' ORDER BY id) FROM app.notes").cell(), "0c 1c 2c 11b 12b");
  EXPECT_EQ(Run("SELECT deleted_retention_hours FROM system.tables WHERE table_name = 'notes'").cell(), "NULL");
  server_.Restart();
  client_.emplace(server_.port());
  EXPECT_EQ(Run("SELECT string_agg(id || body, ' ' ORDER BY id) FROM app.notes").cell(), "0c 1c 2c 11b 12b");
}

// Large enough that several threads read the files of one query.
TEST_F(Flush, ManyLargeFilesAreReadRightWhoeverReadsThem) {
  server_.options().env["KALAMDB_COMPACTION_MIN_FILES"] = "100";
  Start();
  ASSERT_TRUE(
      Ok(Run("CREATE NAMESPACE app; CREATE USER TABLE app.notes (id BIGINT PRIMARY KEY, room TEXT, "
             "body TEXT, n INT) FLUSH ROW_THRESHOLD 999999 INTERVAL 86399s")));
  constexpr int kFiles = 6, kRows = 20'000;
  const std::string body = "'a text beyond what a vector holds itself ' || ";
  const auto n = [](const std::string& id) {
    return "CASE WHEN " + id + " % 3 = 0 THEN NULL ELSE " + id + " % 7 END";
  };
  for (int file = 0; file < kFiles; ++file) {
    ASSERT_TRUE(Ok(Run("INSERT INTO app.notes SELECT i, 'room ' || i % 10, " + body + "i, " + n("i") +
                       " FROM range(" + std::to_string(file * kRows) + ", " +
                       std::to_string((file + 1) * kRows) + ") r(i)")));
    FlushTable("app.notes");
  }
  ASSERT_TRUE(
      Ok(Run("UPDATE app.notes SET room = 'hot' WHERE id % 1000 = 0; DELETE FROM app.notes WHERE "
             "id % 1000 = 1")));
  FlushTable("app.notes");
  const auto count_where = [&](const std::string& condition) {
    return Run("SELECT count(*) FROM app.notes WHERE " + condition).cell();
  };
  for (int round = 0; round < 20; ++round) {
    EXPECT_EQ(Run("SELECT count(*) || ' ' || count(DISTINCT id) || ' ' || sum(id) FROM app.notes").cell(),
              "119880 119880 7192799880");
    EXPECT_EQ(Run("SELECT string_agg(n, ' ' ORDER BY room) FROM (SELECT room, count(*) AS n FROM "
                  "app.notes GROUP BY room)")
                  .cell(),
              "120 11880 11880 12000 12000 12000 12000 12000 12000 12000 12000");
    EXPECT_EQ(count_where("body <> " + body + "id"), "0");
    EXPECT_EQ(count_where("n IS DISTINCT FROM " + n("id")), "0");
    EXPECT_EQ(Run("SELECT count(*) FROM (SELECT * FROM app.notes LIMIT 3000)").cell(), "3000");
  }
}

// Whatever was flushed between two statements, a table answers as its twin that never was.
TEST_F(Flush, NoQueryCanTellWhereARowLies) {
  Start();
  const std::string columns =
      " (id BIGINT PRIMARY KEY, room TEXT, n INT, price DOUBLE, at TIMESTAMP, ok BOOLEAN, doc "
      "JSON) FLUSH INTERVAL 3600s";
  ASSERT_TRUE(
      Ok(Run("CREATE NAMESPACE app; CREATE USER TABLE app.hot" + columns +
             "; CREATE USER TABLE app.cold" + columns +
             "; CREATE SHARED TABLE app.names (room TEXT PRIMARY KEY, title TEXT); INSERT INTO "
             "app.names VALUES ('r1', 'one'), ('r2', 'two')")));
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto pick = [&](int n) { return std::to_string(random() % static_cast<unsigned>(n)); };
  const auto both = [&](const std::string& before, const std::string& after) {
    const SqlAnswer hot = Run(before + "app.hot" + after);
    const SqlAnswer cold = Run(before + "app.cold" + after);
    ASSERT_EQ(hot.http.status, cold.http.status) << before << after << hot << cold;
    if (!hot.ok()) return;
    ASSERT_EQ(hot.rows(), cold.rows()) << before << after;
    ASSERT_EQ(hot.message(), cold.message()) << before << after;
  };
  for (int round = 0; round < 12; ++round) {
    const std::string from = std::to_string(round * 500);
    both("INSERT INTO ",
         " SELECT i, 'r' || (i % 5), i % 13, i / 7.0, TIMESTAMP '2025-01-01' + INTERVAL (i) "
         "SECOND, i % 2 "
         "= 0, '{\"k\": ' || i || '}' FROM range(" +
             from + ", " + std::to_string(round * 500 + 400) + ") t(i)");
    for (int step = 0; step < 6; ++step) {
      both("UPDATE ", " SET n = " + pick(1000) + ", room = 'moved' WHERE id = " + pick(6000));
      both("UPDATE ", " SET price = price + 1 WHERE n = " + pick(13) + " AND id % 7 = " + pick(7));
      both("DELETE FROM ", " WHERE id = " + pick(6000));
      both("DELETE FROM ", " WHERE id BETWEEN " + pick(3000) + " AND " + pick(20));
      both("INSERT INTO ", " (id, room, n) VALUES (" + pick(6000) + ", 'new', 1)");
      both("INSERT INTO ", " (id, room) VALUES (" + pick(6000) +
                               ", 'up') ON CONFLICT (id) DO UPDATE SET room = "
                               "excluded.room, n = 5");
    }
    if (round % 3 == 2) {
      const std::string change = round == 5   ? " ADD COLUMN extra INT DEFAULT 9"
                                 : round == 8 ? " MODIFY n BIGINT"
                                              : " RENAME ok TO good";
      if (round < 9) both("ALTER TABLE ", change);
      if (round == 2) both("ALTER TABLE ", " RENAME good TO ok");
    }
    FlushTable("app.cold");
    if (round == 6) {
      server_.Restart();
      client_.emplace(server_.port());
    }
    both("SELECT count(*), sum(n), min(at), max(room) FROM ", "");
    both("SELECT count(*) FROM ", " WHERE n > 5");
    both("SELECT room, count(*), round(sum(price), 3) FROM ", " GROUP BY room ORDER BY room");
    both("SELECT * EXCLUDE (_updated) FROM ", " WHERE id = " + pick(6000));
    both("SELECT * EXCLUDE (_updated) FROM ",
         " WHERE id BETWEEN " + from + " AND " + from + " + 20 ORDER BY id");
    both("SELECT id, n FROM ",
         " WHERE id IN (1, 2, 3, " + pick(6000) + ", " + pick(6000) + ") ORDER BY id");
    both("SELECT id FROM ", " WHERE id IN (SELECT i * 3 FROM range(500) t(i)) ORDER BY id");
    both("SELECT id, room FROM ", " ORDER BY id DESC LIMIT 7");
    both("SELECT id, room FROM ", " WHERE id < " + pick(6000) + " ORDER BY id LIMIT 5");
    both("SELECT id, price FROM ",
         " WHERE at >= '2025-01-01T00:10:00Z' AND price < 200 ORDER BY price DESC, id LIMIT 9");
    both("SELECT count(*) FROM ", " WHERE _deleted = true");
    both("SELECT n.title, count(*) FROM app.names n JOIN ",
         " h ON h.room = n.room GROUP BY n.title ORDER BY 1");
    both("SELECT id, doc->>'k' FROM ", " WHERE ok AND n = 3 ORDER BY id LIMIT 10");
  }
  EXPECT_GE(Files().size(), 12u);
}

// US13 T435 test_user_table_deletion_path_substitution, T456: the files of every user on every storage go with a
// table, found by real ids.
TEST_F(Flush, DroppedTablesLeaveNoFile) {
  Start();
  const auto other = server_.data_dir() / "other";
  ASSERT_TRUE(
      Ok(Run("CREATE NAMESPACE app; CREATE STORAGE other TYPE filesystem PATH '" + other.string() +
             "'; CREATE USER TABLE app.notes (id BIGINT PRIMARY KEY); CREATE SHARED TABLE "
             "app.rooms (id BIGINT "
             "PRIMARY KEY) STORAGE other; INSERT INTO app.rooms VALUES (1)")));
  for (const char* user : {"maya", "noor"}) {
    ASSERT_TRUE(Ok(SqlClient(server_.port(), user).Run("INSERT INTO app.notes VALUES (1)")));
  }
  FlushTable("app.notes");
  FlushTable("app.rooms");
  std::uint64_t bytes = 0;
  for (const std::string& file : Files())
    bytes += std::filesystem::file_size(server_.data_dir() / "storage" / file);
  EXPECT_EQ(Run("DROP TABLE app.notes").message(),
            "Table app.notes dropped successfully (2 Parquet files deleted, " +
                std::to_string(bytes) + " bytes freed)");
  EXPECT_TRUE(Files().empty());
  EXPECT_FALSE(std::filesystem::exists(server_.data_dir() / "storage" / "app" / "users"));
  EXPECT_EQ(server_.Output().find("{userId}"), std::string::npos);
  EXPECT_EQ(Files(other).size(), 1u);
  ASSERT_TRUE(Ok(Run("DROP NAMESPACE app CASCADE")));
  EXPECT_TRUE(Files(other).empty());

  ASSERT_TRUE(Ok(Run("CREATE NAMESPACE app; CREATE USER TABLE app.notes (id BIGINT PRIMARY KEY)")));
  EXPECT_EQ(Run("SELECT count(*) FROM app.notes").cell(), "0")
      << "a new table of the name is another one";
}

// A transaction over cold rows sees its own, and the first committer wins.
TEST_F(Flush, TransactionsCountColdRows) {
  Start();
  ASSERT_TRUE(
      Ok(Run("CREATE NAMESPACE app; CREATE USER TABLE app.notes (id BIGINT PRIMARY KEY, n INT); "
             "INSERT INTO "
             "app.notes VALUES (1, 1), (2, 2)")));
  FlushTable("app.notes");
  const SqlAnswer done = Run(
      "BEGIN; UPDATE app.notes SET n = 10 WHERE id = 1; SELECT sum(n) FROM app.notes; DELETE FROM "
      "app.notes WHERE id = 2; INSERT INTO app.notes VALUES (2, 5); SELECT sum(n) FROM app.notes; "
      "COMMIT");
  ASSERT_TRUE(Ok(done));
  EXPECT_EQ(done.rows(2).at(0).at(0), "12");
  EXPECT_EQ(done.rows(5).at(0).at(0), "15");
  EXPECT_EQ(Run("SELECT sum(n) FROM app.notes").cell(), "15");
  EXPECT_NE(Run("INSERT INTO app.notes VALUES (1, 1)").error().find("duplicate key"),
            std::string::npos);
}

}  // namespace
}  // namespace kalam::test
