// A disk that is full or broken, at each call that changes a file of the cold tier: the job fails
// and says why, rows stay as they are, no file is left over, and the next attempt succeeds.

#include "cold_server_test.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <future>
#include <set>
#include <string>
#include <utility>

namespace kalam::test {
namespace {

using Deed = IoFaults::Deed;

struct Fault {
  const char* name;
  Deed deed;
  int error;
};

class BrokenDisk : public ColdServerTest, public testing::WithParamInterface<Fault> {
 protected:
  // Does `attempt`, after `prepare`, with a fault at its first call that changes a file whose path
  // has `part`, its second, and so on until none is hit, and tells `failed` of each that was.
  // `attempt` returns what became of its job.
  template <typename Prepare, typename Attempt, typename Failed>
  void AtEachCall(const std::string& part, Prepare prepare, Attempt attempt, Failed failed) {
    for (std::uint64_t call = 0; !HasFailure(); ++call) {
      ASSERT_LT(call, 1'000u);
      prepare();
      faults_.Plan(call, part, GetParam().deed, GetParam().error);
      const Outcome outcome = attempt();
      faults_.Disarm();
      if (!faults_.hit()) {
        EXPECT_EQ(outcome.status, "completed") << outcome.error;
        break;
      }
      SCOPED_TRACE("call " + std::to_string(call) + ": " + faults_.hit_call());
      // An empty folder more, which fails nothing.
      if (faults_.hit_call().starts_with("rmdir") && outcome.status == "completed") continue;
      deeds_.insert(faults_.hit_call().substr(0, faults_.hit_call().find(' ')));
      failed(outcome);
    }
  }

  void ExpectSaysWhy(const Outcome& outcome) {
    EXPECT_EQ(outcome.status, "failed");
    EXPECT_NE(outcome.error.find(std::strerror(GetParam().error)), std::string::npos)
        << outcome.error;
  }

  // What can't be deleted on a disk that refuses everything goes after the next start, when the
  // storage is used.
  void ExpectAllSweptAfterRestart() {
    EXPECT_EQ(server_->Stop().code, 0);
    StartAgain();
    Change();
    EXPECT_EQ(Flush().status, "completed");
    AwaitJobs();
    EXPECT_EQ(server_->Stop().code, 0);
    StartAgain();  // which sweeps
    ExpectRows("after the restart");
    ExpectNoFileTooMany();
  }
  // The last flush has ended, its record too.
  bool FlushedAll() {
    return Stat("buffered_rows") == "0" &&
           Run("SELECT count(*) FROM system.jobs WHERE status IN ('pending', 'running')").cell() ==
               "0";
  }
  bool MayDelete() const { return GetParam().deed != Deed::kFailAll; }

  std::set<std::string> deeds_;  // calls that were hit
};

TEST_P(BrokenDisk, AFlushThatFailsLeavesItsRowsHot) {
  Start(1'000);
  Change();
  ASSERT_EQ(Flush().status, "completed");
  AtEachCall(
      Storage().string() + "/", [&] { Change(); }, [&] { return Flush(); },
      [&](const Outcome& outcome) {
        ExpectSaysWhy(outcome);
        EXPECT_TRUE(outcome.error.starts_with("Flush failed for all users: ")) << outcome.error;
        EXPECT_NE(Stat("buffered_rows"), "0");
        ExpectRows("failed");
        if (MayDelete()) ExpectNoFileTooMany();
        ASSERT_EQ(Flush().status, "completed");
        EXPECT_EQ(Stat("buffered_rows"), "0");
        ExpectRows("flushed again");
      });
  for (const char* deed : {"create", "write", "rename"}) EXPECT_TRUE(deeds_.contains(deed)) << deed;
  if (GetParam().error == EIO) {
    EXPECT_TRUE(deeds_.contains("fsync"));
  }
  ExpectAllSweptAfterRestart();
}

// Whose folders must be made.
TEST_P(BrokenDisk, TheFirstFlushOfATableFailsAsOthersDo) {
  Start(1'000);
  int number = 0;
  const auto table = [&] { return "app" + std::to_string(number) + ".t"; };
  AtEachCall(
      Storage().string() + "/",
      [&] {
        ++number;
        EXPECT_TRUE(Ok(
            Run("CREATE NAMESPACE app" + std::to_string(number) + "; CREATE USER TABLE " + table() +
                " (id BIGINT PRIMARY KEY); INSERT INTO " + table() + " VALUES (1), (2)")));
      },
      [&] { return Finish(Run("FLUSH TABLE " + table())); },
      [&](const Outcome& outcome) {
        ExpectSaysWhy(outcome);
        EXPECT_EQ(Run("SELECT count(*) FROM " + table()).cell(), "2");
        ASSERT_EQ(Finish(Run("FLUSH TABLE " + table())).status, "completed");
        EXPECT_EQ(Run("SELECT count(*) FROM " + table()).cell(), "2");
      });
  EXPECT_TRUE(deeds_.contains("mkdir"));
  for (int i = 1; i <= number && MayDelete(); ++i) {
    EXPECT_EQ(FilesIn(Storage() / ("app" + std::to_string(i))), 1u) << i;
  }
}

TEST_P(BrokenDisk, AMergeThatFailsLeavesItsFiles) {
  Start(2);
  Change();
  ASSERT_EQ(Flush().status, "completed");
  const std::string merges =
      "SELECT status, coalesce(error, '') FROM system.jobs WHERE job_type = 'compact'";
  std::size_t known = 0, failures = 0;
  AtEachCall(
      Storage().string() + "/", [&] { Change(); },
      [&] {
        const Outcome flushed = Flush();
        AwaitJobs();
        const auto jobs = Run(merges + " ORDER BY created_at, job_id").rows();
        const Outcome merged =
            jobs.size() > known ? Outcome{jobs.back()[0], jobs.back()[1]} : Outcome{};
        known = jobs.size();
        return merged.status == "failed" ? merged : flushed;
      },
      [&](const Outcome& outcome) {
        // What is garbage already may stay some time longer, which fails nothing.
        const bool of_the_sweep = faults_.hit_call().starts_with("unlink");
        if (!of_the_sweep) ExpectSaysWhy(outcome);
        failures += outcome.error.starts_with("Flush failed") ? 0 : 1;
        ExpectRows("failed");
        const Outcome again = Flush();
        ASSERT_EQ(again.status, "completed") << again.error;
        AwaitJobs();
        ExpectRows("flushed again");
      });
  EXPECT_GT(failures, 3u) << "merges failed, too";
  ExpectAllSweptAfterRestart();
}

TEST_P(BrokenDisk, ABackupThatFailsIsNoneAndIsTakenUpAgain) {
  Start(1'000);
  Change();
  ASSERT_EQ(Flush().status, "completed");
  Change();
  const std::filesystem::path backups = server_->data_dir() / "backups";
  int number = -1;
  const auto back_up = [&] {
    return Finish(Run("BACKUP DATABASE app TO 'b" + std::to_string(number) + "'"));
  };
  AtEachCall(
      backups.string() + "/", [&] { ++number; }, back_up,
      [&](const Outcome& outcome) {
        ExpectSaysWhy(outcome);
        const bool is_there = Run("SHOW BACKUP 'b" + std::to_string(number) + "'").ok();
        // Complete, but its folder was not synced, and it could not be taken away again.
        if (is_there && GetParam().deed != Deed::kFail && faults_.hit_call().starts_with("fsync"))
          return;
        EXPECT_FALSE(is_there);
        if (MayDelete()) {
          EXPECT_EQ(FilesIn(backups / ("b" + std::to_string(number)) / ".staging"), 0u);
        }
        const Outcome again = back_up();
        ASSERT_EQ(again.status, "completed") << again.error;
        ASSERT_TRUE(Ok(Run("DROP NAMESPACE app CASCADE")));
        const Outcome restored =
            Finish(Run("RESTORE DATABASE app FROM 'b" + std::to_string(number) + "'"));
        ASSERT_EQ(restored.status, "completed") << restored.error;
        ExpectRows("restored");
      });
  EXPECT_GT(number, 10);
}

TEST_P(BrokenDisk, ARestoreThatFailsMakesNothing) {
  Start(1'000);
  Change();
  ASSERT_EQ(Flush().status, "completed");
  Change();
  ASSERT_EQ(Finish(Run("BACKUP DATABASE app TO 'b'")).status, "completed");
  ASSERT_TRUE(Ok(Run("DROP NAMESPACE app CASCADE")));
  AtEachCall(
      Storage().string() + "/", [] {}, [&] { return Finish(Run("RESTORE DATABASE app FROM 'b'")); },
      [&](const Outcome& outcome) {
        ExpectSaysWhy(outcome);
        EXPECT_EQ(Run("SELECT count(*) FROM system.namespaces WHERE name = 'app'").cell(), "0");
        if (MayDelete()) {
          EXPECT_EQ(FilesIn(Storage()), 0u);
          EXPECT_EQ(FilesIn(Storage() / ".staging"), 0u);
        }
      });
  ExpectRows("restored");
  ExpectAllSweptAfterRestart();
}

// The store of the hot rows and of the manifests. A full disk is waited for; any other failure ends
// all writing until a restart. Neither loses a row, or shows one twice.
TEST_P(BrokenDisk, ACommitThatFailsMidwayLosesNothing) {
  Start(1'000);
  Change();
  ASSERT_EQ(Flush().status, "completed");
  const bool recovers = GetParam().error == ENOSPC;
  AtEachCall(
      "/rocksdb/", [&] { Change(); },
      [&]() -> Outcome {
        auto asked = std::async(std::launch::async, [&] {
          return SqlClient(server_->port()).Run("FLUSH TABLE app.notes");
        });
        while (!faults_.hit() && !FlushedAll())
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        if (faults_.hit()) ExpectRows("meanwhile");
        if (recovers) faults_.Disarm();
        const SqlAnswer started = asked.get();
        if (faults_.hit() && !recovers) return {"in doubt", started.error()};
        return Finish(started);
      },
      [&](const Outcome& outcome) {
        ExpectRows("failed");
        if (outcome.status == "refused") {
          EXPECT_NE(outcome.error.find("disk full"), std::string::npos) << outcome.error;
        }
        if (!recovers) {
          // That space can't be reserved for a file (a compaction's, say), or is not given back at its close, fails
          // nothing, nor that a file which is needed no more stays.
          const std::string& hit = faults_.hit_call();
          const bool harmless =
              hit.starts_with("fallocate") || hit.starts_with("ftruncate") || hit.starts_with("unlink");
          const bool overlooked = harmless && MayDelete();
          EXPECT_TRUE(overlooked || !Run("INSERT INTO app.notes VALUES (1000, 1)").ok());
          server_->Kill();
          StartAgain();
          ExpectRows("after the restart");
        }
        AwaitJobs();
        Outcome again = Flush();
        // A moment after the space came back.
        for (int attempt = 0; recovers && again.status == "refused" && attempt < 50; ++attempt) {
          std::this_thread::sleep_for(std::chrono::milliseconds(100));
          again = Flush();
        }
        ASSERT_EQ(again.status, "completed") << again.error;
        EXPECT_EQ(Stat("buffered_rows"), "0");
        ExpectRows("flushed again");
        ExpectNoFileTooMany();
      });
  ExpectAllSweptAfterRestart();
}

// A connection that breaks wherever it can, also after the object was stored and before that was
// said: the request is repeated, and finds its own work.
class BrokenNetwork : public ColdServerTest,
                      public testing::WithParamInterface<S3Server::Conditions> {};

TEST_P(BrokenNetwork, AFlushToS3IsRepeatedAndLeavesNothingTwice) {
  const S3Server s3(GetParam());
  Start(1'000);
  MakeStorage(s3);
  std::set<std::string> deeds;
  int call = 0;
  for (bool hit = true; hit && !HasFailure(); ++call) {
    ASSERT_LT(call, 100);
    MakeTableOnS3(call);
    faults_.Plan(static_cast<std::uint64_t>(call), "/socket/" + std::to_string(s3.port()) + "/",
                 Deed::kFail, ECONNRESET);
    const Outcome outcome = Finish(Run("FLUSH TABLE app.t" + std::to_string(call)));
    faults_.Disarm();
    hit = faults_.hit();
    SCOPED_TRACE("call " + std::to_string(call) + ": " + faults_.hit_call());
    deeds.insert(faults_.hit_call().substr(0, 4));
    EXPECT_EQ(outcome.status, "completed") << outcome.error;
    EXPECT_EQ(SumOfTable(call), "3 6");
    EXPECT_EQ(s3.objects(), static_cast<std::size_t>(call) + 1) << "one a table";
  }
  EXPECT_GE(call, 5) << "to look whether the name is free, and to store: sent, answered";
  EXPECT_TRUE(deeds.contains("send"));
  EXPECT_TRUE(deeds.contains("recv"));
  server_->Stop();
}

INSTANTIATE_TEST_SUITE_P(S3, BrokenNetwork,
                         testing::Values(S3Server::Conditions::kUnknown,
                                         S3Server::Conditions::kKnown),
                         [](const auto& param) {
                           return param.param == S3Server::Conditions::kKnown ? "Conditional"
                                                                              : "Plain";
                         });
INSTANTIATE_TEST_SUITE_P(Disk, BrokenDisk,
                         testing::Values(Fault{"Eio", Deed::kFail, EIO},
                                         Fault{"EioFromThenOn", Deed::kFailAll, EIO},
                                         Fault{"Full", Deed::kFailFromHere, ENOSPC}),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace kalam::test
