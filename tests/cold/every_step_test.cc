// kill -9 before each call that changes a file, of a flush, a merge, a backup and a restore, one
// after the other; and the same as a loss of power, which takes what was not synced. Afterwards
// every acknowledged row is there once, whatever was cut off is done under its id, and no file is
// left over.

#include "cold_server_test.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <set>
#include <string>
#include <vector>

namespace kalam::test {
namespace {

using Deed = IoFaults::Deed;

class EveryStep : public ColdServerTest, public testing::WithParamInterface<Deed> {
 protected:
  using Places = std::vector<std::string>;

  // Kills the server at the first call of `attempt`, its second, and so on until it gets to its
  // end, and looks at what is there with `after`. `prepare` and `after` are left alone. Other threads
  // of the server change files, too, so that a call may be another one's number the next time: again,
  // until it has died at each of `places`.
  template <typename Prepare, typename Attempt, typename After>
  void AtEachStep(const Places& places, Prepare prepare, Attempt attempt, After after, const std::string& of = "") {
    const auto missed = [&] {
      return std::find_if(places.begin(), places.end(), [&](const auto& place) { return !places_.contains(place); });
    };
    constexpr int kPasses = 4;
    for (int pass = 0; pass < kPasses && !HasFailure(); ++pass) {
      FromFirstToLast(prepare, attempt, after, of.empty() ? server_->data_dir().string() + "/" : of);
      if (missed() == places.end()) return;
    }
    EXPECT_EQ(missed(), places.end()) << *missed();
  }

  // After a last start, which sweeps.
  void ExpectAllSwept() {
    EXPECT_EQ(server_->Stop().code, 0);
    StartAgain();
    ExpectRows("at the end");
    ExpectNoFileTooMany();
  }

  std::set<std::string> places_;  // `fsync storage`

 private:
  template <typename Prepare, typename Attempt, typename After>
  void FromFirstToLast(Prepare& prepare, Attempt& attempt, After& after, const std::string& of) {
    std::uint64_t call = 0;
    for (bool died = true; died && !HasFailure(); ++call) {
      ASSERT_LT(call, 1'000u);
      prepare();
      faults_.Plan(call, of, GetParam());
      died = !Finishes(attempt);
      if (!died) break;
      SCOPED_TRACE("call " + std::to_string(call) + ": " + faults_.hit_call());
      ASSERT_TRUE(faults_.hit());
      ASSERT_EQ(server_->WaitForExit(std::chrono::seconds(20)).signal, SIGKILL);
      faults_.AwaitLoss();
      places_.insert(PlaceOf(faults_.hit_call()));
      StartAgain();
      after();
    }
    std::printf("%d steps, %zu kinds\n", static_cast<int>(call), places_.size());
  }

  // False: the server died.
  template <typename Attempt>
  bool Finishes(Attempt attempt) {
    try {
      attempt();
    } catch (const std::runtime_error&) {
      return false;
    }
    faults_.Disarm();
    return !faults_.hit();
  }

  // `fsync /tmp/x/data/storage/y` is `fsync storage`.
  std::string PlaceOf(const std::string& call) const {
    const std::string root = server_->data_dir().string() + "/";
    const std::size_t space = call.find(' ');
    if (call.find(root) == std::string::npos) return call.substr(0, space) + " network";
    const std::string below = call.substr(space + 1 + root.size());
    return call.substr(0, space) + " " + below.substr(0, below.find('/'));
  }
};

TEST_P(EveryStep, OfAFlushAndOfTheMergeAfterIt) {
  Start(2);
  Change();
  ASSERT_EQ(Flush().status, "completed");
  AtEachStep({"create storage", "write storage", "fsync storage", "rename storage", "write rocksdb",
              "fdatasync rocksdb"},
             [&] { Change(); },
             [&] {
               EXPECT_EQ(Flush().status, "completed");
               AwaitJobs();
             },
             [&] {
               ExpectRows("after the crash");
               AwaitJobs();
               ExpectRows("resumed");
               EXPECT_EQ(Run("SELECT count(*) FROM system.jobs WHERE status <> 'completed'").cell(),
                         "0");
             });
  ExpectAllSwept();
}

TEST_P(EveryStep, OfABackup) {
  Start(1'000);
  Change();
  ASSERT_EQ(Flush().status, "completed");
  Change();
  int number = -1;
  const auto name = [&] { return "'b" + std::to_string(number) + "'"; };
  AtEachStep(
      {"rename backups"}, [&] { ++number; },
      [&] { EXPECT_EQ(Finish(Run("BACKUP DATABASE app TO " + name())).status, "completed"); },
      [&] {
        ExpectRows("after the crash");
        AwaitJobs();
        EXPECT_EQ(Run("SELECT count(*) FROM system.jobs WHERE status = 'failed'").cell(), "0");
        // It was cut off before anybody knew of it.
        if (!Run("SHOW BACKUP " + name()).ok()) {
          ASSERT_EQ(Finish(Run("BACKUP DATABASE app TO " + name())).status, "completed");
        }
        ASSERT_TRUE(Ok(Run("DROP NAMESPACE app CASCADE")));
        const Outcome restored = Finish(Run("RESTORE DATABASE app FROM " + name()));
        ASSERT_EQ(restored.status, "completed") << restored.error;
        ExpectRows("restored");
      });
  ExpectAllSwept();
}

TEST_P(EveryStep, OfARestore) {
  Start(1'000);
  Change();
  ASSERT_EQ(Flush().status, "completed");
  Change();
  ASSERT_EQ(Finish(Run("BACKUP DATABASE app TO 'b'")).status, "completed");
  AtEachStep({"rename storage"}, [&] { ASSERT_TRUE(Ok(Run("DROP NAMESPACE app CASCADE"))); },
             [&] { EXPECT_EQ(Finish(Run("RESTORE DATABASE app FROM 'b'")).status, "completed"); },
             [&] {
               AwaitJobs();
               EXPECT_EQ(Run("SELECT count(*) FROM system.jobs WHERE status = 'failed'").cell(),
                         "0");
               const bool there =
                   Run("SELECT count(*) FROM system.namespaces WHERE name = 'app'").cell() != "0";
               if (!there) {
                 ASSERT_EQ(Finish(Run("RESTORE DATABASE app FROM 'b'")).status, "completed");
               }
               ExpectRows("restored");
             });
  ExpectAllSwept();
}

// Around the disk, and around the network: an object may be stored by a server that never learns of
// it.
TEST_P(EveryStep, OfAFlushToS3) {
  const S3Server s3;
  Start(1'000);
  MakeStorage(s3);
  int table = -1;
  const std::string network = "/socket/" + std::to_string(s3.port()) + "/";
  for (const std::string& of : {std::string(), network}) {
    AtEachStep(
        of == network ? Places{"send network", "recv network"} : Places{}, [&] { MakeTableOnS3(++table); },
        [&] {
          EXPECT_EQ(Finish(Run("FLUSH TABLE app.t" + std::to_string(table))).status, "completed");
        },
        [&] {
          EXPECT_EQ(SumOfTable(table), "3 6") << "after the crash";
          AwaitJobs();
          EXPECT_EQ(Run("SELECT count(*) FROM system.jobs WHERE status <> 'completed'").cell(),
                    "0");
          // Nobody knew of the first one yet.
          EXPECT_EQ(Finish(Run("FLUSH TABLE app.t" + std::to_string(table))).status, "completed");
          EXPECT_EQ(SumOfTable(table), "3 6") << "flushed";
        },
        of);
  }
  EXPECT_EQ(server_->Stop().code, 0);
  StartAgain();
  // Rows that were still hot when the server died are written once more.
  std::size_t named = 0;
  for (int i = 0; i <= table; ++i)
    named += std::stoul(Stat("parquet_files", "app.t" + std::to_string(i)));
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(25);
  while (s3.objects() != named && std::chrono::steady_clock::now() < give_up)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(s3.objects(), named);
}

TEST_P(EveryStep, OfADrop) {
  Start(1'000);
  Change();
  ASSERT_EQ(Flush().status, "completed");
  AtEachStep(
      {"unlink storage"},
      [&] {
        ASSERT_TRUE(
            Ok(Run("CREATE USER TABLE IF NOT EXISTS app.t (id BIGINT PRIMARY KEY); DELETE FROM "
                   "app.t; INSERT "
                   "INTO app.t VALUES (1), (2)")));
        ASSERT_EQ(Finish(Run("FLUSH TABLE app.t")).status, "completed");
        ASSERT_TRUE(Ok(Run("INSERT INTO app.t VALUES (3)")));
      },
      [&] { EXPECT_TRUE(Ok(Run("DROP TABLE app.t"))); },
      [&] {
        ExpectRows("after the crash");
        const SqlAnswer left = Run("SELECT count(*) FROM app.t");
        EXPECT_EQ(left.ok() ? left.cell() : "3", "3") << "dropped as a whole or not at all";
      });
  ExpectAllSwept();
}

INSTANTIATE_TEST_SUITE_P(Death, EveryStep, testing::Values(Deed::kKill, Deed::kKillUnsynced),
                         [](const auto& param) {
                           return param.param == Deed::kKill ? "Kill9" : "PowerLoss";
                         });

}  // namespace
}  // namespace kalam::test
