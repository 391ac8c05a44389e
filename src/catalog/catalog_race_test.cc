#include <atomic>
#include <semaphore>
#include <thread>
#include <vector>

#include "catalog/catalog.h"
#include "catalog_fixture.h"

namespace kalam::catalog {
namespace {

// Stops inside each commit until told to go on.
class HeldWriter final : public kv::DurableWriter {
 public:
  explicit HeldWriter(kv::DurableWriter& writer) : writer_(writer) {}
  void WaitUntilCommitting() { committing_.acquire(); }
  void LetGo() { go_.release(); }

  Status WriteDurably(const kv::Batch& batch) override {
    Hold();
    return writer_.WriteDurably(batch);
  }
  Status WriteAndDropPrefixes(const kv::Batch& batch,
                              std::span<const std::string> prefixes) override {
    Hold();
    return writer_.WriteAndDropPrefixes(batch, prefixes);
  }

 private:
  void Hold() {
    committing_.release();
    go_.acquire();
  }
  kv::DurableWriter& writer_;
  std::counting_semaphore<1000> committing_{0};
  std::counting_semaphore<1000> go_{0};
};

TEST_F(CatalogTest, NothingIsVisibleBeforeItIsDurableAndReadersNeverWait) {
  HeldWriter held(*store_);
  auto opened = Catalog::Open(*store_, held, clock_, {});
  ASSERT_TRUE(opened.ok());
  Catalog& catalog = **opened;

  std::thread creator([&] { EXPECT_TRUE(catalog.CreateTable(SmallTable("default", "t"), false).ok()); });
  held.WaitUntilCommitting();
  EXPECT_EQ(catalog.FindTable("default", "t"), nullptr);
  EXPECT_EQ(catalog.ListTables().size(), 0u);
  held.LetGo();
  creator.join();
  EXPECT_NE(catalog.FindTable("default", "t"), nullptr);

  std::thread dropper([&] { EXPECT_TRUE(catalog.DropTable({"default", "t"}, {}).ok()); });
  held.WaitUntilCommitting();
  EXPECT_NE(catalog.FindTable("default", "t"), nullptr);
  held.LetGo();
  dropper.join();
  EXPECT_EQ(catalog.FindTable("default", "t"), nullptr);
}

TEST_F(CatalogTest, ATableIsNeverCreatedInANamespaceThatIsBeingDropped) {
  HeldWriter held(*store_);
  ASSERT_TRUE(catalog_->CreateNamespace("app", false).ok());
  auto opened = Catalog::Open(*store_, held, clock_, {});
  ASSERT_TRUE(opened.ok());
  Catalog& catalog = **opened;

  std::thread dropper([&] { EXPECT_TRUE(catalog.DropNamespace("app", {}).ok()); });
  held.WaitUntilCommitting();
  std::thread creator([&] {
    const auto created = catalog.CreateTable(SmallTable("app", "t"), false);
    ASSERT_FALSE(created.ok());
    EXPECT_EQ(created.error().code(), ErrorCode::kNotFound);
  });
  held.LetGo();
  dropper.join();
  creator.join();
  EXPECT_EQ(catalog.ListTables().size(), 0u);
}

// Whatever the order, a namespace that has been dropped never had a table in it at that moment, and what
// memory says is what a restart finds.
TEST_F(CatalogTest, CreateTableAgainstDropNamespace) {
  NoSync fast(*store_);
  auto opened = Catalog::Open(*store_, fast, clock_, {});
  ASSERT_TRUE(opened.ok());
  catalog_ = std::move(opened).value();

  constexpr int kRounds = 300;
  std::atomic<int> created = 0, too_late = 0, dropped = 0, refused = 0;
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_TRUE(catalog_->CreateNamespace("app", true).ok());
    std::atomic<bool> go = false;
    std::thread dropper([&] {
      go.wait(false);
      const auto outcome = catalog_->DropNamespace("app", {});
      if (outcome.ok()) {
        ++dropped;
      } else {
        EXPECT_EQ(outcome.error().code(), ErrorCode::kInvalidArgument);
        ++refused;
      }
    });
    std::thread creator([&] {
      go.wait(false);
      const auto outcome = catalog_->CreateTable(SmallTable("app", "t"), false);
      if (outcome.ok()) {
        ++created;
      } else {
        EXPECT_EQ(outcome.error().code(), ErrorCode::kNotFound);
        ++too_late;
      }
    });
    go = true;
    go.notify_all();
    dropper.join();
    creator.join();
    const bool has_table = catalog_->FindTable("app", "t") != nullptr;
    EXPECT_EQ(has_table, catalog_->HasNamespace("app"));
    ASSERT_TRUE(catalog_->DropTable({"app", "t"}, {.if_exists = true}).ok());
  }
  EXPECT_EQ(created, refused);
  EXPECT_EQ(too_late, dropped);
  EXPECT_EQ(created + too_late, kRounds);
  const auto namespaces = catalog_->ListNamespaces().size();
  Restart();
  EXPECT_EQ(catalog_->ListNamespaces().size(), namespaces);
  EXPECT_EQ(catalog_->ListTables().size(), 0u);
}

TEST_F(CatalogTest, OfManyWhoCreateOneTableOneSucceeds) {
  constexpr int kThreads = 4;
  for (int round = 0; round < 20; ++round) {
    const TableName name{"default", "t" + std::to_string(round)};
    std::atomic<int> done = 0, exists = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        const auto outcome = catalog_->CreateTable(SmallTable(name.ns, name.table), false);
        outcome.ok() ? ++done : ++exists;
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(done, 1);
    EXPECT_EQ(exists, kThreads - 1);
  }
}

// A definition stays whole in the hands of whoever looked it up. (The thread sanitizer judges the rest.)
TEST_F(CatalogTest, LookUpsDuringChanges) {
  NoSync fast(*store_);
  auto opened = Catalog::Open(*store_, fast, clock_, {});
  ASSERT_TRUE(opened.ok());
  catalog_ = std::move(opened).value();
  ASSERT_TRUE(catalog_->CreateTable(SmallTable("default", "fixed"), false).ok());

  std::atomic<bool> stop = false;
  std::atomic<std::int64_t> found = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const TableDefPtr fixed = catalog_->FindTable("default", "fixed");
        ASSERT_NE(fixed, nullptr);
        const TableDefPtr changing = catalog_->FindTable("default", "changing");
        if (changing) {
          ASSERT_EQ(changing->name.table, "changing");
          ASSERT_EQ(changing->columns.size(), 2u);
          ++found;
        }
        ASSERT_NE(catalog_->FindUser("system"), nullptr);
        ASSERT_GE(catalog_->ListTables("default").size(), 1u);
      }
    });
  }
  // At least 200 rounds, and until a reader met the table.
  for (int round = 0; round < 200 || found == 0; ++round) {
    ASSERT_TRUE(catalog_->CreateTable(SmallTable("default", "changing"), false).ok());
    ASSERT_TRUE(catalog_->DropTable({"default", "changing"}, {}).ok());
  }
  stop = true;
  for (auto& reader : readers) reader.join();
}

}  // namespace
}  // namespace kalam::catalog
