#include "exec/session_cache.h"

#include <gtest/gtest.h>

namespace kalam::exec {
namespace {

using namespace std::chrono_literals;

class SteppedClock final : public Clock {
 public:
  TimestampMicros NowMicros() const override { return now; }
  TimestampMicros now = 1'000'000;
};

TableDef Table(std::string name, std::uint32_t id, int version = 1) {
  TableDef table;
  table.id = TableId(id);
  table.name = {"app", std::move(name)};
  table.schema_version = version;
  table.columns.push_back({.name = "id", .type = DataType::kBigInt, .nullable = false, .primary_key = true});
  table.Finish();
  return table;
}

class SessionCacheTest : public testing::Test {
 protected:
  SteppedClock clock_;
  SessionCache cache_{{.max_tables = 3, .ttl = 30s, .max_sessions = 2, .max_entries = 100}, clock_};
  const UserId maya_ = UserId::FromTrusted("maya"), noah_ = UserId::FromTrusted("noah"),
               olga_ = UserId::FromTrusted("olga");
};

TEST_F(SessionCacheTest, ATableIsRegisteredOncePerSession) {
  const TableDef notes = Table("notes", 1);
  const auto first = cache_.Use(maya_, notes);
  for (int i = 0; i < 9; ++i) EXPECT_EQ(cache_.Use(maya_, notes), first);
  EXPECT_NE(cache_.Use(noah_, notes), first);
  EXPECT_EQ(cache_.stats().registrations, 2u);
  EXPECT_EQ(cache_.stats().hits, 9u);
  EXPECT_EQ(cache_.stats().entries, 2u);
}

// US4 T260 test_cache_eviction_after_timeout
TEST_F(SessionCacheTest, WhatIsNotUsedForItsTimeGoes) {
  const TableDef notes = Table("notes", 1);
  cache_.Use(maya_, notes);
  clock_.now += 29'000'000;
  cache_.Use(maya_, notes);
  clock_.now += 29'000'000;
  cache_.Use(maya_, notes);
  EXPECT_EQ(cache_.stats().registrations, 1u);
  clock_.now += 31'000'000;
  cache_.Use(maya_, notes);
  EXPECT_EQ(cache_.stats().registrations, 2u);
  EXPECT_EQ(cache_.stats().entries, 1u);
}

TEST_F(SessionCacheTest, AnotherVersionOrAnotherTableOfTheNameIsRegisteredAnew) {
  cache_.Use(maya_, Table("notes", 1));
  cache_.Use(maya_, Table("notes", 1, 2));
  cache_.Use(maya_, Table("notes", 7, 2));
  EXPECT_EQ(cache_.stats().registrations, 3u);
  EXPECT_EQ(cache_.stats().entries, 1u);
  cache_.Forget(maya_, {"app", "notes"});
  EXPECT_EQ(cache_.stats().entries, 0u);
}

TEST_F(SessionCacheTest, TheLeastRecentlyUsedTablesAndSessionsGoFirst) {
  for (std::uint32_t i = 0; i < 3; ++i) cache_.Use(maya_, Table("t" + std::to_string(i), i));
  cache_.Use(maya_, Table("t0", 0));
  cache_.Use(maya_, Table("t3", 3));
  cache_.Use(maya_, Table("t0", 0));
  EXPECT_EQ(cache_.stats().registrations, 4u);
  cache_.Use(maya_, Table("t1", 1));
  EXPECT_EQ(cache_.stats().registrations, 5u);

  cache_.Use(noah_, Table("t0", 0));
  cache_.Use(olga_, Table("t0", 0));
  EXPECT_EQ(cache_.stats().sessions, 2u);
  EXPECT_EQ(cache_.stats().entries, 2u);
  EXPECT_EQ(cache_.Clear(), 2u);
  EXPECT_EQ(cache_.stats().entries, 0u);
}

}  // namespace
}  // namespace kalam::exec
