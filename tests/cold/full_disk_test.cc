// A storage on a file system that is full: a real one, where the right to mount is there.

#include "cold_server_test.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>

#include <sys/mount.h>

namespace kalam::test {
namespace {

class FullDisk : public ColdServerTest {
 protected:
  void TearDown() override {
    ColdServerTest::TearDown();
    if (mounted_) umount2(Storage().c_str(), MNT_DETACH);
  }
  // False, with errno: no right.
  bool Mount(const char* size, unsigned long flags = 0) {
    std::filesystem::create_directories(Storage());
    const bool done = mount("tmpfs", Storage().c_str(), "tmpfs", flags,
                            (std::string("size=") + size).c_str()) == 0;
    mounted_ = mounted_ || done;
    return done;
  }

 private:
  bool mounted_ = false;
};

TEST_F(FullDisk, AFlushFailsAndSucceedsOnceThereIsSpace) {
  Start(1'000);
  if (!Mount("2m")) GTEST_SKIP() << "mount: " << std::strerror(errno);
  // More than fits, however it is compressed.
  ASSERT_TRUE(Ok(Run(
      "CREATE USER TABLE app.t (id BIGINT PRIMARY KEY, noise TEXT) FLUSH ROW_THRESHOLD 999999 "
      "INTERVAL "
      "86399s; INSERT INTO app.t SELECT i, sha256(i::TEXT) || sha256((-i)::TEXT) FROM range(50000) "
      "r(i)")));
  const std::string rows =
      "SELECT count(*) || ' ' || sum(id) || ' ' || min(noise) || ' ' || max(noise) FROM app.t";
  const std::string before = Run(rows).cell();
  const Outcome full = Finish(Run("FLUSH TABLE app.t"));
  EXPECT_EQ(full.status, "failed");
  EXPECT_NE(full.error.find(std::strerror(ENOSPC)), std::string::npos) << full.error;
  EXPECT_EQ(Run(rows).cell(), before);
  EXPECT_EQ(FilesIn(Storage()), 0u);
  EXPECT_EQ(FilesIn(Storage() / ".staging"), 0u);

  ASSERT_TRUE(Mount("64m", MS_REMOUNT));
  const Outcome done = Finish(Run("FLUSH TABLE app.t"));
  EXPECT_EQ(done.status, "completed") << done.error;
  EXPECT_EQ(Run(rows).cell(), before);
  EXPECT_EQ(FilesIn(Storage()), 1u);
  server_->Restart();
  EXPECT_EQ(SqlClient(server_->port()).Run(rows).cell(), before);
  server_->Stop();
}

}  // namespace
}  // namespace kalam::test
