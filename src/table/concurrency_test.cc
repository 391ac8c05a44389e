#include <random>
#include <thread>

#include "test_table.h"

namespace kalam::table {
namespace {

// Small memtables, so that rows move to files while the threads are at it.
class ConcurrencyTest : public TableTest {
 protected:
  ConcurrencyTest() { Reopen(); }
  kv::Options store_options() override {
    kv::Options options = TableTest::store_options();
    options.write_buffer_bytes = 256 << 10;
    return options;
  }
};

// One client: random statements on keys that all clients share. Returns how many changes were applied.
class Client {
 public:
  Client(kv::Store& store, Committer& committer, Writer& writer, const TableDef& table,
         const UserId& user, unsigned seed)
      : reader_(store),
        committer_(committer),
        writer_(writer),
        table_(table),
        user_(user),
        random_(seed) {}

  std::uint64_t Run(int statements) {
    std::uint64_t applied = 0;
    for (int i = 0; i < statements; ++i) {
      const auto receipt = random_() % 3 == 0 ? Mutate() : Apply();
      EXPECT_TRUE(receipt.status.ok() || receipt.status.error().code() == ErrorCode::kConflict ||
                  receipt.status.error().code() == ErrorCode::kConstraint)
          << receipt.status.error().message();
      applied += receipt.affected_rows;
      if (random_() % 20 == 0) {
        EXPECT_TRUE(committer_.WaitDurable(receipt.durable_after).ok());
        EXPECT_GE(committer_.Snapshot()->seq(), receipt.durable_after);
      }
    }
    return applied;
  }

 private:
  std::int64_t RandomId() { return static_cast<std::int64_t>(random_() % 40); }
  std::string RandomBody() {
    return std::string(random_() % 300, static_cast<char>('a' + random_() % 26));
  }

  WriteReceipt Mutate() {
    const std::int64_t id = RandomId();
    const std::string body = RandomBody();
    const bool erase = random_() % 3 == 0;
    const auto decide = [&](std::string_view, std::string& row) -> Result<bool> {
      row = Row(table_, id, body, erase);
      return true;
    };
    return WithFallback([&](Blocking blocking) {
      return writer_.Mutate(table_, user_, Key(id), decide, blocking);
    });
  }

  // Inserts, updates and deletes of a few keys, computed from the durable snapshot.
  WriteReceipt Apply() {
    Statement statement(table_);
    const auto snapshot = committer_.Snapshot();
    std::map<std::int64_t, bool> used;
    for (auto n = random_() % 5 + 1; n > 0; --n) {
      const std::int64_t id = RandomId();
      if (!used.emplace(id, true).second) continue;
      FoundRow value;
      const auto found =
          reader_.Get(*snapshot, table_, user_, Key(id), value, Blocking::kAllowed);
      EXPECT_TRUE(found.ok());
      if (*found == RowLookup::kNotFound || RowDeleted(value.view())) {
        statement.Insert(id, RandomBody());
      } else if (random_() % 2 == 0) {
        statement.Update(id, RandomBody(), RowSeq(value.view()));
      } else {
        statement.Delete(id, Body(table_, value.view()), RowSeq(value.view()));
      }
    }
    const auto changes = statement.changes();
    return WithFallback([&](Blocking blocking) {
      return writer_.Apply(table_, user_, changes, blocking);
    });
  }

  template <typename F>
  WriteReceipt WithFallback(F&& write) {
    if (random_() % 2 == 0) {
      auto receipt = write(Blocking::kNever);
      if (!receipt.would_block) return receipt;
    }
    return write(Blocking::kAllowed);
  }

  const Reader reader_;
  Committer& committer_;
  Writer& writer_;
  const TableDef& table_;
  const UserId& user_;
  std::mt19937 random_;
};

TEST_F(ConcurrencyTest, LogAndRowsTellTheSameStoryWhateverTheThreadsDo) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::uint64_t applied = 0;
  for (unsigned round = 0; round < 3; ++round) {
    std::vector<std::thread> threads;
    std::atomic<std::uint64_t> in_round{0};
    for (unsigned t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        Client client(*store_, *committer_, *writer_, notes_, alice_, seed + round * 10 + t);
        in_round += client.Run(600);
      });
    }
    for (auto& thread : threads) thread.join();
    applied += in_round;

    if (round > 0) Reopen();
    // ReplayLog checks each change against the one before: no lost update, no doubled insert.
    EXPECT_EQ(ReplayLog(*store_, notes_, alice_), HotRows(*store_, notes_, alice_));
  }
  std::uint64_t logged = 0;
  ChangeReader changes(*store_, nullptr, PartitionPrefix(notes_.id, alice_), Seq());
  for (auto next = changes.Next(); next.ok() && *next; next = changes.Next()) ++logged;
  EXPECT_EQ(logged, applied) << "one logged change per change that a receipt counted";
}

}  // namespace
}  // namespace kalam::table
