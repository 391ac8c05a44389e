#include "jobs/flush.h"

#include "flush_fixture.h"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace kalam::jobs {
namespace {

using FlushTest = ColdTierTest;

Status Crash(std::string_view) { return Error(ErrorCode::kInternal, "crashed here"); }

TEST_F(FlushTest, RowsReadTheSameHotAndCold) {
  ASSERT_TRUE(Insert("maya", 1, "a").ok());
  ASSERT_TRUE(Insert("maya", 2, "b").ok());
  ASSERT_TRUE(Insert("noor", 1, "n").ok());
  const auto result = Flush();
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_NE(result->find("\"records_flushed\":3,\"users_count\":2"), std::string::npos) << *result;
  EXPECT_EQ(HotRows("maya"), 0u);
  EXPECT_EQ(Rows("maya"), "1=a 2=b");
  EXPECT_EQ(Rows("noor"), "1=n");
  EXPECT_EQ(Files().size(), 2u);

  ASSERT_TRUE(Insert("maya", 3, "c").ok());
  ASSERT_EQ(Change("maya", 1, "A").value(), 1u);
  ASSERT_EQ(Change("maya", 2, "b", true).value(), 1u);
  EXPECT_EQ(Rows("maya"), "1=A 2=b! 3=c");
  EXPECT_EQ(Insert("maya", 3, "again").error().code(), ErrorCode::kConstraint);
  ASSERT_TRUE(Flush().ok());
  EXPECT_EQ(HotRows("maya"), 0u);
  EXPECT_EQ(Rows("maya"), "1=A 2=b! 3=c");
  EXPECT_EQ(Insert("maya", 1, "again").error().code(), ErrorCode::kConstraint)
      << "a cold key is taken";
  EXPECT_TRUE(Insert("maya", 2, "back").ok()) << "a cold tombstone is not";
  EXPECT_EQ(Rows("maya"), "1=A 2=back 3=c");
  Reopen();
  EXPECT_EQ(Rows("maya"), "1=A 2=back 3=c");
  EXPECT_EQ(Change("maya", 9, "x").value(), 0u);
}

TEST_F(FlushTest, WithoutHotRowsItMakesNoFile) {
  const auto result = Flush();
  ASSERT_TRUE(result.ok());
  EXPECT_NE(result->find("\"records_flushed\":0"), std::string::npos) << *result;
  EXPECT_TRUE(Files().empty());
}

TEST_F(FlushTest, RowsChangedMeanwhileStayHot) {
  ASSERT_TRUE(Insert("maya", 1, "a").ok());
  ASSERT_TRUE(Insert("maya", 2, "b").ok());
  ASSERT_TRUE(Flush([&](std::string_view place) -> Status {
                if (place == "flush: file stored") {
                  EXPECT_EQ(Change("maya", 1, "newer").value(), 1u);
                }
                return {};
              }).ok());
  EXPECT_EQ(HotRows("maya"), 1u);
  EXPECT_EQ(Rows("maya"), "1=newer 2=b");
  ASSERT_TRUE(Flush().ok());
  EXPECT_EQ(Rows("maya"), "1=newer 2=b");
  EXPECT_EQ(HotRows("maya"), 0u);
}

TEST_F(FlushTest, ACancelledJobLeavesTheRestHot) {
  ASSERT_TRUE(Insert("maya", 1, "a").ok());
  ASSERT_TRUE(Insert("noor", 1, "n").ok());
  JobContext context("job");
  const auto flusher = MakeTableFlusher(Parts([&](std::string_view place) -> Status {
    if (place == "flush: hot rows removed") return Error(ErrorCode::kCancelled, "cancelled");
    return {};
  }));
  const auto result = flusher->Flush(id_, context);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(HotRows("maya"), 0u);
  EXPECT_EQ(HotRows("noor"), 1u);
}

TEST_F(FlushTest, AStorageThatFailsLeavesItsUsersHotAndTheOthersDone) {
  ASSERT_TRUE(Insert("maya", 1, "a").ok());
  ASSERT_TRUE(Insert("noor", 1, "n").ok());
  // A file where noor's folder should be.
  std::filesystem::create_directories(folder_.path() + "/storage/app/users/notes");
  std::ofstream(folder_.path() + "/storage/app/users/notes/noor") << "in the way";
  const auto result = Flush();
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_NE(result->find("\"failed_users\":1"), std::string::npos) << *result;
  EXPECT_EQ(HotRows("maya"), 0u);
  EXPECT_EQ(HotRows("noor"), 1u);
  EXPECT_EQ(Rows("noor"), "1=n");

  const auto all_failed = Flush();
  ASSERT_FALSE(all_failed.ok());
  EXPECT_EQ(all_failed.error().message().find("Flush failed for all users: user 'noor': "), 0u);
  for (const auto& entry :
       std::filesystem::directory_iterator(folder_.path() + "/storage/.staging")) {
    ADD_FAILURE() << entry.path() << " was left behind";
  }
}

TEST_F(FlushTest, AUserWhoseStorageIsGoneKeepsTheOthersFromNothing) {
  TableDef spec = *table();
  spec.name.table = "own";
  spec.id = {};
  spec.use_user_storage = true;
  id_ = catalog_->CreateTable(std::move(spec), false).value().table->id;
  catalog::User maya;
  maya.user_id = maya.username = "maya";
  maya.storage_mode = "region";
  maya.storage_id = "gone";
  ASSERT_TRUE(catalog_->CreateUser(std::move(maya)).ok());
  ASSERT_TRUE(Insert("maya", 1, "a").ok());
  ASSERT_TRUE(Insert("noor", 1, "n").ok());
  const auto result = Flush();
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_NE(result->find("user 'maya': Storage 'gone' not found"), std::string::npos) << *result;
  EXPECT_EQ(HotRows("maya"), 1u);
  EXPECT_EQ(HotRows("noor"), 0u);
}

TEST_F(FlushTest, ADamagedFileIsNamedAndNotRead) {
  ASSERT_TRUE(Insert("maya", 1, "a").ok());
  ASSERT_TRUE(Flush().ok());
  const std::string file = Files().at(0);
  std::fstream damage(file, std::ios::in | std::ios::out | std::ios::binary);
  damage.seekp(10);
  damage.put('\x7f');
  damage.close();
  Reopen();
  table::FoundRow row;
  const auto found = reader_->Get(*committer_->Snapshot(), *table(), User("maya"), KeyOf(1), row,
                                  table::Blocking::kAllowed);
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code(), ErrorCode::kCorruption);
  EXPECT_NE(found.error().message().find("app/users/notes/maya/"), std::string::npos)
      << found.error().message();
}

// Files are read forwards: what comes before is guessed from how keys lie, which these do not as they should.
TEST_F(FlushTest, TheLastRowsAreTheSameHoweverKeysLie) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  std::vector<std::int64_t> ids = {std::numeric_limits<std::int64_t>::min(), kMost};
  for (std::int64_t id = 0; id < 1'500; ++id) ids.push_back(id);
  for (std::int64_t id = 0; id < 700; ++id) ids.push_back(kMost - 1'000'000'000 + id * id);
  ASSERT_TRUE(InsertAll("maya", ids, "a").ok());
  ASSERT_TRUE(Flush().ok());
  ids.erase(ids.begin());
  for (std::int64_t& id : ids) id -= 3'000'000;
  ASSERT_TRUE(InsertAll("maya", ids, "b").ok());
  ASSERT_TRUE(Flush().ok());
  ASSERT_EQ(Change("maya", 700, "hot").value(), 1u);
  ASSERT_EQ(Change("maya", 701, "", true).value(), 1u);
  ASSERT_EQ(RowList("maya", {}, table::Direction::kBackward).size(), 2'202u + 2'201u);
  ExpectSameBothWays("maya", {});
  ExpectSameBothWays("maya", {.lower = KeyOf(100), .upper = {}});
  ExpectSameBothWays("maya", {.lower = KeyOf(1'000) + '\0', .upper = KeyOf(1'400) + '\0'});
  ExpectSameBothWays("maya", {.lower = {}, .upper = KeyOf(-2'999'000)});
  ExpectSameBothWays("maya", {.lower = KeyOf(kMost - 5), .upper = {}});
  ExpectSameBothWays("maya", {.lower = KeyOf(7'000), .upper = KeyOf(8'000)});
}

// Reads at random beside a map of all rows (deleted ones as `x!`), some as an event loop does: those may be told to ask
// elsewhere.
class RandomReads {
 public:
  using Model = std::map<std::int64_t, std::string>;

  RandomReads(const table::Reader& reader, table::DurableSnapshotPtr snapshot, TableDefPtr def, const Model& model,
              unsigned seed)
      : reader_(reader), snapshot_(std::move(snapshot)), def_(std::move(def)), model_(model), random_(seed) {}

  void Run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFatalFailure(); ++step) {
      blocking_ = Pick(2) == 0 ? table::Blocking::kNever : table::Blocking::kAllowed;
      const std::int64_t from = Pick(model_.rbegin()->first + 2);
      Pick(2) == 0 ? Get(from) : Scan(from, Pick(2) == 0);
    }
  }
  // How often an event loop was given rows of files.
  int loop_answers() const { return loop_answers_; }

 private:
  std::int64_t Pick(std::int64_t n) { return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n)); }
  static std::string TextOf(const RowView& row) {
    return std::string(row.column(1).text()) + (row.deleted() ? "!" : "");
  }

  void Get(std::int64_t id) {
    std::string key;
    AppendPrimaryKey(key, Datum::Int(id));
    table::FoundRow row;
    const auto found = reader_.Get(*snapshot_, *def_, user_, key, row, blocking_).value();
    if (found == table::RowLookup::kWouldBlock) {
      ASSERT_EQ(blocking_, table::Blocking::kNever);
      return;
    }
    const auto known = model_.find(id);
    ASSERT_EQ(found == table::RowLookup::kFound, known != model_.end()) << id;
    if (known == model_.end()) return;
    ASSERT_EQ(TextOf(RowView(def_->layout, row.view())), known->second) << id;
    if (blocking_ == table::Blocking::kNever && known->second != "hot") ++loop_answers_;
  }

  void Scan(std::int64_t from, bool forward) {
    const std::size_t limit = Pick(10) == 0 ? 4'000 : 50;
    std::vector<std::string> expected, found;
    auto after = model_.upper_bound(from), before = model_.lower_bound(from);
    while (expected.size() < limit && (forward ? after != model_.end() : before != model_.begin())) {
      const auto row = forward ? after++ : --before;
      expected.push_back(std::to_string(row->first) + "=" + row->second);
    }
    table::ScanBounds bounds;
    std::string key;
    AppendPrimaryKey(key, Datum::Int(from));
    if (forward) bounds.lower = key + '\0';
    if (!forward) bounds.upper = key;
    auto rows = reader_.Scan(snapshot_, *def_, user_, bounds,
                             forward ? table::Direction::kForward : table::Direction::kBackward, blocking_);
    for (; rows.Valid() && found.size() < limit; rows.Next()) {
      found.push_back(std::to_string(rows.row().column(0).int_value()) + "=" + TextOf(rows.row()));
    }
    ASSERT_TRUE(rows.status().ok()) << rows.status().error().message();
    if (rows.would_block()) {
      ASSERT_EQ(blocking_, table::Blocking::kNever);
      expected.resize(found.size());
    } else if (blocking_ == table::Blocking::kNever && !found.empty()) {
      ++loop_answers_;
    }
    ASSERT_EQ(found, expected) << (forward ? "after " : "before ") << from;
  }

  const table::Reader& reader_;
  const table::DurableSnapshotPtr snapshot_;
  const TableDefPtr def_;
  const UserId user_ = UserId::FromTrusted("maya");
  const Model& model_;
  std::mt19937_64 random_;
  table::Blocking blocking_ = table::Blocking::kAllowed;
  int loop_answers_ = 0;
};

// Rows in several row groups of several files, hot ones before them, some hidden: whatever is in memory.
TEST_F(FlushTest, RowsAreTheSameFromMemoryAndFromFiles) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto pick = [&](std::int64_t n) { return static_cast<std::int64_t>(random() % static_cast<unsigned>(n)); };
  constexpr std::int64_t kKeys = 20'000;
  RandomReads::Model model;
  for (int file = 0; file < 3; ++file) {
    std::vector<std::int64_t> ids;
    for (std::int64_t id = pick(4); id < kKeys; id += 1 + pick(6)) {
      if (model.emplace(id, "f" + std::to_string(file)).second) ids.push_back(id);
    }
    ASSERT_TRUE(InsertAll("maya", ids, "f" + std::to_string(file)).ok());
    for (int i = 0; i < 300; ++i) {
      const std::int64_t id = ids[static_cast<std::size_t>(pick(static_cast<std::int64_t>(ids.size())))];
      if (model[id].ends_with('!')) continue;
      const bool remove = pick(3) == 0;
      ASSERT_EQ(Change("maya", id, "changed", remove).value(), 1u);
      model[id] = remove ? "changed!" : "changed";
    }
    ASSERT_TRUE(Flush().ok());
  }
  for (int i = 0; i < 50; ++i) {
    const auto row = model.lower_bound(pick(kKeys));
    if (row == model.end() || row->second.ends_with('!')) continue;
    ASSERT_EQ(Change("maya", row->first, "hot").value(), 1u);
    row->second = "hot";
  }
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{6} << 20, std::size_t{64} << 20}) {
    block_cache_bytes_ = bytes;
    Reopen();
    RandomReads reads(*reader_, committer_->Snapshot(), table(), model, seed);
    reads.Run(400);
    EXPECT_LE(cold_->blocks().stats().bytes, bytes);
    EXPECT_EQ(reads.loop_answers() > 0, bytes > 0);
  }
}

// What an event loop is given ends where memory does, in both directions: it must not wait for a file.
TEST_F(FlushTest, AnEventLoopIsToldWhereMemoryEnds) {
  std::vector<std::int64_t> ids;
  for (std::int64_t id = 0; id < 10'000; ++id) ids.push_back(id);
  ASSERT_TRUE(InsertAll("maya", ids, "a").ok());
  ASSERT_TRUE(Flush().ok());
  const auto snapshot = committer_->Snapshot();
  const auto def = table();
  for (const auto direction : {table::Direction::kForward, table::Direction::kBackward}) {
    table::FoundRow row;
    for (const std::int64_t id : {1, 0, 9'999}) {  // the first one is kept alone
      ASSERT_EQ(reader_->Get(*snapshot, *def, User("maya"), KeyOf(id), row, table::Blocking::kAllowed).value(),
                table::RowLookup::kFound);
    }
    auto rows = reader_->Scan(snapshot, *def, User("maya"), {}, direction, table::Blocking::kNever);
    int given = 0;
    for (; rows.Valid(); rows.Next()) ++given;
    EXPECT_TRUE(rows.would_block());
    EXPECT_GT(given, 1'000);
    EXPECT_LE(given, 2'048) << "of the row group in memory";
  }
}

// In a file with so many rows, row groups are larger than what comes out of it at once.
TEST_F(FlushTest, RowsOfALargeFileAreTheSameFromMemory) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  RandomReads::Model model;
  std::vector<std::int64_t> ids;
  for (std::int64_t id = 0; id < 250'000; ++id) {
    ids.push_back(id * 3);
    model.emplace(id * 3, "a");
  }
  for (auto rest = std::span(ids); !rest.empty(); rest = rest.subspan(25'000)) {
    ASSERT_TRUE(InsertAll("maya", {rest.begin(), rest.begin() + 25'000}, "a").ok());
  }
  ASSERT_TRUE(Flush().ok());
  RandomReads reads(*reader_, committer_->Snapshot(), table(), model, seed);
  reads.Run(400);
  EXPECT_GT(reads.loop_answers(), 0);
}

// Each thread knows what its own keys must be, while flushes move them.
TEST_F(FlushTest, WritersMeanwhileLoseNothing) {
  constexpr int kThreads = 4, kKeys = 30;
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::vector<std::map<std::int64_t, std::string>> models(kThreads);
  std::vector<std::thread> threads;
  std::atomic<int> running = kThreads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(seed + static_cast<unsigned>(t));
      auto& model = models[static_cast<std::size_t>(t)];
      for (int step = 0; step < 400; ++step) {
        const std::int64_t id = static_cast<std::int64_t>(random() % kKeys) * kThreads + t;
        const std::string body = std::to_string(step);
        const bool known = model.contains(id);
        if (random() % 3 == 0) {
          EXPECT_EQ(Insert("maya", id, body).ok(), !known);
          if (!known) model[id] = body;
        } else if (random() % 3 == 0) {
          EXPECT_EQ(Change("maya", id, body, true).value(), known ? 1u : 0u);
          model.erase(id);
        } else {
          EXPECT_EQ(Change("maya", id, body).value(), known ? 1u : 0u);
          if (known) model[id] = body;
        }
      }
      --running;
    });
  }
  while (running > 0) EXPECT_TRUE(Flush().ok());
  for (auto& thread : threads) thread.join();
  std::map<std::int64_t, std::string> all;
  for (const auto& model : models) all.insert(model.begin(), model.end());
  std::vector<std::string> expected;
  for (const auto& [id, body] : all) expected.push_back(std::to_string(id) + "=" + body);
  auto found = RowList("maya", {}, table::Direction::kForward);
  std::erase_if(found, [](const std::string& row) { return row.ends_with('!'); });
  EXPECT_EQ(found, expected);
  ExpectSameBothWays("maya", {});
  ASSERT_TRUE(Flush().ok());
  EXPECT_EQ(HotRows("maya"), 0u);
}

// Random writes, flushes that crash at every place that has a name, and restarts, beside a map.
TEST_F(FlushTest, WhateverDiesWhenRowsAreThoseOfTheModel) {
  const char* given = std::getenv("KALAM_FLUSH_MODEL_SEED");
  const auto seed =
      given != nullptr ? static_cast<unsigned>(std::atoi(given)) : std::random_device{}();
  const char* more = std::getenv("KALAM_FLUSH_MODEL_ROUNDS");
  const int rounds = more != nullptr ? std::atoi(more) : 60;
  SCOPED_TRACE("KALAM_FLUSH_MODEL_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };

  const std::vector<std::string> users = {"maya", "noor", "zoe"};
  std::map<std::string, std::map<std::int64_t, std::string>> model;  // live rows
  std::set<std::string> places;
  for (int round = 0; round < rounds; ++round) {
    for (int step = 0; step < 25; ++step) {
      const std::string& user = users[static_cast<std::size_t>(pick(3))];
      auto& rows = model[user];
      const std::int64_t id = pick(60);
      const std::string body = std::to_string(round) + "." + std::to_string(step);
      const bool known = rows.contains(id);
      switch (pick(4)) {
        case 0:
        case 1: {
          const Status inserted = Insert(user, id, body);
          ASSERT_EQ(inserted.ok(), !known) << user << " " << id;
          if (inserted.ok()) rows[id] = body;
          break;
        }
        case 2:
          ASSERT_EQ(Change(user, id, body).value(), known ? 1u : 0u) << user << " " << id;
          if (known) rows[id] = body;
          break;
        default:
          ASSERT_EQ(Change(user, id, body, true).value(), known ? 1u : 0u) << user << " " << id;
          rows.erase(id);
      }
    }
    const int crash_after = pick(12);
    int reached = 0;
    (void)Flush([&](std::string_view place) -> Status {
      places.emplace(place);
      return reached++ == crash_after ? Crash(place) : Status();
    });
    if (pick(4) == 0) {
      const int merge_crash_after = pick(6);
      int merge_reached = 0;
      (void)Compact([&](std::string_view place) -> Status {
        places.emplace(place);
        return merge_reached++ == merge_crash_after ? Crash(place) : Status();
      });
    }
    if (pick(10) == 0) clock_.Shift(std::chrono::hours(25));
    if (pick(5) == 0) Sweep();
    if (pick(3) == 0) Reopen();
    for (const std::string& user : users) {
      std::string expected;
      for (const auto& [id, body] : model[user]) {
        expected += (expected.empty() ? "" : " ") + std::to_string(id) + "=" + body;
      }
      std::string live;
      std::istringstream all(Rows(user));
      for (std::string row; all >> row;) {
        if (!row.ends_with('!')) live += (live.empty() ? "" : " ") + row;
      }
      ASSERT_EQ(live, expected) << user << " in round " << round;
      ExpectSameBothWays(user, {});
      ExpectSameBothWays(user, {.lower = KeyOf(pick(60)), .upper = KeyOf(pick(70))});
      const std::int64_t id = pick(60);
      table::FoundRow found;
      const auto lookup = reader_->Get(*committer_->Snapshot(), *table(), User(user), KeyOf(id),
                                       found, table::Blocking::kAllowed);
      ASSERT_TRUE(lookup.ok()) << lookup.error().message();
      const bool is_live = *lookup == table::RowLookup::kFound && !RowDeleted(found.view());
      ASSERT_EQ(is_live, model[user].contains(id));
    }
  }
  EXPECT_EQ(places.size(), 8u) << "every place was reached";
  Sweep();
  std::size_t segments = 0;
  for (const std::string& user : users) segments += Manifest(user)->entries().size();
  EXPECT_EQ(Files().size(), segments) << "no file without a manifest";
}

}  // namespace
}  // namespace kalam::jobs
