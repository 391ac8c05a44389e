// Storages as seen from outside: messages, masking, folders, and credentials at rest. And SHOW TABLE STATS.

#include "support/server_test.h"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace kalam::test {
namespace {

using Storages = OwnServerTest;

// Does any file of the data folder have `text` in it?
bool OnDisk(const ServerProcess& server, std::string_view text) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(server.data_dir())) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (bytes.find(text) != std::string::npos) return true;
  }
  return false;
}

TEST_F(Storages, MessagesAndMasking) {
  ServerProcess& server = Make();
  server.Start();
  SqlClient client(server.port());
  EXPECT_EQ(client.Run("CREATE STORAGE s3-prod TYPE s3 BUCKET 'b' CREDENTIALS '{\"secret_key\":\"swordfish\"}'")
                .message(),
            "Storage 's3-prod' created successfully");
  EXPECT_EQ(client.Run("ALTER STORAGE s3-prod SET NAME = 'Prod'").message(), "Storage 's3-prod' updated successfully");
  const SqlAnswer shown = client.Run("SHOW STORAGES");
  ASSERT_TRUE(Ok(shown));
  EXPECT_EQ(shown.columns(), client.Run("SELECT * FROM system.storages").columns());
  ASSERT_EQ(shown.rows().size(), 2u);
  EXPECT_EQ(shown.rows()[0][0], "local");
  EXPECT_EQ(shown.rows()[0][5], "NULL");
  EXPECT_EQ(shown.rows()[1][5], "***");
  EXPECT_EQ(client.Run("SELECT credentials FROM system.storages WHERE storage_id = 's3-prod'").cell(),
            "{\"secret_key\":\"swordfish\"}");
  EXPECT_EQ(client.Run("DROP STORAGE s3-prod").message(), "Storage 's3-prod' deleted successfully");
  // Without a key they are plain on disk, and the log says so.
  EXPECT_NE(server.Output().find("credentials of storage 's3-prod' are stored as plain text"), std::string::npos);
  EXPECT_EQ(server.Output().find("swordfish"), std::string::npos);
}

TEST_F(Storages, CredentialsAreEncryptedAtRestWithAKey) {
  ServerProcess& server = Make({.env = {{"KALAMDB_STORAGE_CREDENTIALS_KEY", std::string(64, 'a')}}});
  server.Start();
  ASSERT_TRUE(Ok(SqlClient(server.port())
                     .Run("CREATE STORAGE s3 TYPE s3 BUCKET 'b' CREDENTIALS '{\"secret_key\":\"swordfish\"}'")));
  // While nobody merges and compresses files.
  EXPECT_EQ(server.Stop().code, 0);
  EXPECT_TRUE(OnDisk(server, "sealed_credentials"));
  EXPECT_FALSE(OnDisk(server, "swordfish"));
  server.Start();
  EXPECT_EQ(SqlClient(server.port()).Run("SELECT credentials FROM system.storages WHERE storage_id = 's3'").cell(),
            "{\"secret_key\":\"swordfish\"}");

  ServerProcess& wrong = Make({.env = {{"KALAMDB_STORAGE_CREDENTIALS_KEY", "too short"}}});
  EXPECT_NE(wrong.StartAndFail().code, 0);
  EXPECT_NE(wrong.Output().find("storage.credentials_key"), std::string::npos);
  EXPECT_EQ(wrong.Output().find("too short"), std::string::npos);
}

// US13 T436 test_shared_table_storage_folder_creation, T457
TEST_F(Storages, ASharedTableHasItsFolderAndAFailedOneLeavesNone) {
  ServerProcess& server = Make();
  server.Start();
  SqlClient client(server.port());
  ASSERT_TRUE(Ok(client.Run("CREATE NAMESPACE app; CREATE SHARED TABLE app.rooms (id BIGINT PRIMARY KEY)")));
  const auto storage = server.data_dir() / "storage";
  EXPECT_TRUE(std::filesystem::is_directory(storage / "app" / "shared" / "rooms"));
  EXPECT_EQ(client.Run("SELECT storage_location FROM system.tables WHERE table_name = 'rooms'").cell(),
            (storage / "app" / "shared" / "rooms").string());
  EXPECT_FALSE(client.Run("CREATE SHARED TABLE app.none (id BIGINT)").ok());
  EXPECT_FALSE(client.Run("CREATE SHARED TABLE app.none (id BIGINT PRIMARY KEY) STORAGE nope").ok());
  EXPECT_FALSE(std::filesystem::exists(storage / "app" / "shared" / "none"));

  // A folder that can't be: nothing is left of the table either, and no path is told.
  std::ofstream(server.data_dir() / "file") << "x";
  const std::string file = (server.data_dir() / "file").string();
  ASSERT_TRUE(Ok(client.Run("CREATE STORAGE bad TYPE filesystem PATH '" + file + "'")));
  const SqlAnswer refused = client.Run("CREATE SHARED TABLE app.none (id BIGINT PRIMARY KEY) STORAGE bad");
  EXPECT_FALSE(refused.ok());
  EXPECT_NE(refused.error().find("folder of the table can't be created"), std::string::npos);
  EXPECT_EQ(refused.error().find(server.data_dir().string()), std::string::npos);
  EXPECT_EQ(client.Run("SELECT count(*) FROM system.tables WHERE table_name = 'none'").cell(), "0");
}

// US9 T298 test_show_table_stats_command
TEST_F(Storages, TableStats) {
  ServerProcess& server = Make();
  server.Start();
  SqlClient client(server.port());
  ASSERT_TRUE(Ok(client.Run("CREATE NAMESPACE app; CREATE USER TABLE app.notes (id BIGINT PRIMARY KEY, b TEXT) "
                            "FLUSH INTERVAL 300s ROW_THRESHOLD 1000; INSERT INTO app.notes VALUES (1, 'a'), (2, 'b'), "
                            "(3, 'c'); DELETE FROM app.notes WHERE id = 3")));
  using Rows = std::vector<std::vector<std::string>>;
  const Rows expected = {{"table_name", "notes"},   {"namespace", "app"}, {"table_type", "user"},
                         {"schema_version", "1"},   {"buffered_rows", "2"}, {"flushed_rows", "0"},
                         {"total_rows", "2"},       {"storage_size", "0"}, {"last_flush", "never"},
                         {"parquet_files", "0"},    {"flush_config", "Auto (5m, 1000 rows)"}};
  const SqlAnswer stats = client.Run("SHOW TABLE STATS app.notes");
  EXPECT_EQ(stats.columns(), (std::vector<std::string>{"metric", "value"}));
  EXPECT_EQ(stats.rows(), expected);
  EXPECT_EQ(client.Run("SHOW STATS FOR TABLE app.notes").rows(), expected);
  EXPECT_TRUE(FailsWith(client.Run("SHOW TABLE STATS app.nope"), "SQL_EXECUTION_ERROR", "Table 'app.nope' not found"));
  // Counts tell, too: others see their own rows only.
  EXPECT_EQ(SqlClient(server.port(), "maya").Run("SHOW TABLE STATS app.notes").rows()[4][1], "0");
  ASSERT_TRUE(Ok(client.Run("CREATE STREAM TABLE app.events (id BIGINT PRIMARY KEY) TTL 60; INSERT INTO app.events "
                            "VALUES (1), (2)")));
  EXPECT_EQ(client.Run("SHOW TABLE STATS app.events").rows()[4][1], "2");
  EXPECT_EQ(client.Run("SHOW TABLE STATS app.events").rows()[10][1], "Never");
}

}  // namespace
}  // namespace kalam::test
