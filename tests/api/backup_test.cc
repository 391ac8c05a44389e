// BACKUP, RESTORE and SHOW BACKUPS (specification 5.8).

#include "support/server_test.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

namespace kalam::test {
namespace {

class Backup : public OwnServerTest {
 protected:
  Backup() : server_(Make()) {
    server_.Start();
    client_.emplace(server_.port());
  }
  SqlAnswer Run(std::string_view sql) { return client_->Run(sql); }
  // What became of the job that the statement started.
  std::string Outcome(const SqlAnswer& started) {
    if (!started.ok()) return started.error();
    const std::string job = "FROM system.jobs WHERE job_id = '" + started.rows()[0][0] + "'";
    std::string status;
    do {
      status = Run("SELECT status " + job).cell();
    } while (status == "pending" || status == "running");
    return status == "completed" ? status : Run("SELECT error " + job).cell();
  }
  void Fill() {
    ASSERT_TRUE(
        Ok(Run("CREATE NAMESPACE app; CREATE USER TABLE app.notes (id BIGINT PRIMARY KEY, body "
               "TEXT DEFAULT 'none'); "
               "CREATE SHARED TABLE app.board (room TEXT PRIMARY KEY, n DOUBLE) ACCESS public; "
               "CREATE STREAM TABLE "
               "app.events (id BIGINT PRIMARY KEY) TTL 60; INSERT INTO app.events VALUES (1); "
               "INSERT INTO app.board "
               "VALUES ('a', 1.5), ('b', NULL); INSERT INTO app.notes SELECT i, 'body ' || i FROM "
               "range(500) r(i)")));
    EXPECT_EQ(Outcome(Run("FLUSH TABLE app.notes")), "completed");
    ASSERT_TRUE(Ok(Run(
        "UPDATE app.notes SET body = 'hot' WHERE id < 10; DELETE FROM app.notes WHERE id = 499; "
        "ALTER TABLE app.notes ADD COLUMN more BIGINT DEFAULT 7")));
  }
  std::string Everything() {
    return Run("SELECT count(*) || ' ' || sum(id) || ' ' || sum(length(body)) || ' ' || sum(more) "
               "FROM app.notes")
               .cell() +
           " / " +
           Run("SELECT string_agg(room || coalesce(n, 0), ',' ORDER BY room) FROM app.board")
               .cell();
  }

  ServerProcess& server_;
  std::optional<SqlClient> client_;
};

TEST_F(Backup, ANamespaceComesBackAsItWas) {
  Fill();
  const std::string before = Everything();
  const SqlAnswer started = Run("BACKUP DATABASE app TO 'monday'");
  EXPECT_EQ(started.columns(), (std::vector<std::string>{"job_id", "namespace", "path", "status"}));
  EXPECT_EQ(Outcome(started), "completed");
  EXPECT_EQ(
      Run("SELECT job_type, namespace_id, table_name FROM system.jobs WHERE job_type = 'backup'")
          .rows()[0],
      (std::vector<std::string>{"backup", "app", "NULL"}));
  EXPECT_TRUE(std::filesystem::exists(server_.data_dir() / "backups/monday/manifest.json"));
  EXPECT_TRUE(
      std::filesystem::exists(server_.data_dir() / "backups/monday/user_tables/notes/system"));

  ASSERT_TRUE(Ok(Run("DELETE FROM app.notes; DROP NAMESPACE app CASCADE")));
  EXPECT_EQ(Outcome(Run("RESTORE DATABASE app FROM 'monday'")), "completed");
  EXPECT_EQ(Everything(), before);
  EXPECT_EQ(Run("SELECT count(*) FROM app.events").cell(), "0");
  EXPECT_TRUE(FailsWith(Run("INSERT INTO app.notes (id) VALUES (3)"), "SQL_EXECUTION_ERROR",
                        "duplicate key"));
  EXPECT_TRUE(Ok(Run("INSERT INTO app.notes (id) VALUES (499)")));
  EXPECT_EQ(Run("SELECT body || more FROM app.notes WHERE id = 499").cell(), "none7");
  ASSERT_TRUE(Ok(Run("DELETE FROM app.notes WHERE id = 499")));
  server_.Kill();
  server_.Start();
  client_.emplace(server_.port());
  EXPECT_EQ(Everything(), before);

  const SqlAnswer list = Run("SHOW BACKUPS FOR DATABASE app");
  ASSERT_TRUE(Ok(list));
  ASSERT_EQ(list.rows().size(), 1u);
  EXPECT_EQ(list.rows()[0][3], "3");
  EXPECT_EQ(Run("SHOW BACKUP 'monday'").rows(), list.rows());
  EXPECT_TRUE(
      FailsWith(Run("SHOW BACKUP 'tuesday'"), "SQL_EXECUTION_ERROR", "There is no backup at"));
}

TEST_F(Backup, MistakesAreSaid) {
  Fill();
  EXPECT_TRUE(FailsWith(Run("BACKUP DATABASE nowhere TO 'x'"), "SQL_EXECUTION_ERROR",
                        "Namespace 'nowhere' not found"));
  EXPECT_TRUE(Ok(Run("BACKUP DATABASE IF EXISTS nowhere TO 'x'")));
  EXPECT_TRUE(FailsWith(Run("BACKUP DATABASE app TO '../x'"), "SQL_EXECUTION_ERROR",
                        "must not contain '..'"));
  EXPECT_TRUE(FailsWith(Run("RESTORE DATABASE gone FROM 'x'"), "SQL_EXECUTION_ERROR",
                        "There is no backup at"));
  EXPECT_EQ(Outcome(Run("BACKUP NAMESPACE app TO 'x'")), "completed");
  EXPECT_TRUE(FailsWith(Run("RESTORE NAMESPACE system FROM 'x'"), "SQL_EXECUTION_ERROR",
                        "Namespace name 'system' is reserved"));
  EXPECT_TRUE(FailsWith(Run("BACKUP NAMESPACE app TO 'x'"), "SQL_EXECUTION_ERROR", "already"));
  EXPECT_TRUE(FailsWith(Run("RESTORE DATABASE app FROM 'x'"), "SQL_EXECUTION_ERROR",
                        "Namespace 'app' already exists"));
  EXPECT_TRUE(Ok(Run("RESTORE DATABASE IF NOT EXISTS app FROM 'x'")));
  EXPECT_NE(Outcome(Run("RESTORE DATABASE other FROM 'x'")).find("is of namespace 'app'"),
            std::string::npos);

  // One byte of one file.
  std::filesystem::path file;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(server_.data_dir() / "backups/x")) {
    if (entry.path().extension() == ".parquet") file = entry.path();
  }
  std::fstream damage(file, std::ios::in | std::ios::out | std::ios::binary);
  damage.seekp(20);
  damage.put('\x7f');
  damage.close();
  ASSERT_TRUE(Ok(Run("DROP NAMESPACE app CASCADE")));
  EXPECT_NE(Outcome(Run("RESTORE DATABASE app FROM 'x'")).find(file.filename().string()),
            std::string::npos);
  EXPECT_TRUE(FailsWith(Run("SELECT * FROM app.notes"), "SQL_EXECUTION_ERROR", "does not exist"));
  EXPECT_TRUE(Ok(Run("CREATE NAMESPACE app")));
}

// Rows that say how many there are: whatever moment a backup shows, it shows all of it.
TEST_F(Backup, IsOfOneMomentUnderLoad) {
  ASSERT_TRUE(
      Ok(Run("CREATE NAMESPACE app; CREATE USER TABLE app.a (id BIGINT PRIMARY KEY) FLUSH "
             "ROW_THRESHOLD 50; "
             "CREATE USER TABLE app.b (id BIGINT PRIMARY KEY)")));
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    SqlClient sql(server_.port());
    for (int i = 0; !stop; ++i) {
      const std::string n = std::to_string(i);
      EXPECT_TRUE(Ok(sql.Run("BEGIN; INSERT INTO app.a VALUES (" + n +
                             "); INSERT INTO app.b VALUES (" + n + "); COMMIT")));
    }
  });
  for (int round = 0; round < 5; ++round) {
    while (std::stoi(Run("SELECT count(*) FROM app.b").cell()) < 100 * (round + 1))
      std::this_thread::yield();
    EXPECT_EQ(Outcome(Run("BACKUP DATABASE app TO 'r" + std::to_string(round) + "'")), "completed");
  }
  stop = true;
  writer.join();
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(Ok(Run("DROP NAMESPACE app CASCADE")));
    ASSERT_EQ(Outcome(Run("RESTORE DATABASE app FROM 'r" + std::to_string(round) + "'")),
              "completed");
    const std::string rows = Run("SELECT count(*) FROM app.a").cell();
    EXPECT_GE(std::stoi(rows), 100 * (round + 1));
    EXPECT_EQ(Run("SELECT count(*) FROM app.a JOIN app.b ON a.id = b.id").cell(), rows);
    EXPECT_EQ(Run("SELECT count(*) FROM app.b").cell(), rows);
    EXPECT_EQ(Run("SELECT max(id) + 1 FROM app.b").cell(), rows);
  }
}

}  // namespace
}  // namespace kalam::test
