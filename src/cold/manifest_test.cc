#include "cold/manifest.h"

#include "base/bytes.h"
#include "base/temp_folder.h"

#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace kalam::cold {
namespace {

constexpr TableId kTable(7);

std::string Key(std::uint64_t n) {
  std::string key;
  AppendBigEndian(key, n);
  return key;
}

// A segment with these keys (ascending).
ManifestChange::Added SegmentOf(std::uint64_t id, const std::vector<std::uint64_t>& numbers) {
  KeyFilter::Builder filter;
  std::vector<std::string> keys;
  for (const std::uint64_t n : numbers) {
    keys.push_back(Key(n));
    filter.Add(keys.back());
  }
  Segment segment{.id = SegmentId(id),
                  .storage_id = "local",
                  .file = ObjectName::Parse("app/t/" + std::to_string(id) + ".parquet").value(),
                  .bytes = 1234,
                  .sha256 = std::string(64, 'a'),
                  .rows = numbers.size(),
                  .schema_version = 3,
                  .min_key = keys.front(),
                  .max_key = keys.back(),
                  .min_seq = Seq(id * 10),
                  .max_seq = Seq(id * 10 + 9),
                  .tombstones = 1,
                  .created_at = 5};
  return {std::move(segment), filter.Finish(), std::move(keys)};
}

class ManifestTest : public testing::Test {
 protected:
  void Open() {
    manifests_.reset();
    manifests_ = ManifestStore::Open(*store_, 1 << 20).value();
  }
  void SetUp() override {
    store_ = kv::Store::Open({.path = folder_.path()}).value();
    Open();
  }
  ManifestPtr Latest(std::string_view user = "maya") {
    return manifests_->Load(kTable, user, nullptr).value();
  }
  void Apply(const ManifestChange& change, std::string_view user = "maya") {
    kv::Batch batch;
    ASSERT_TRUE(manifests_->Publish(kTable, user, Latest(user), change, batch).ok());
    ASSERT_TRUE(store_->WriteDurably(batch).ok());
  }
  // The segments that a reader would look for the key in.
  std::vector<std::uint64_t> Holding(const Manifest& manifest, std::uint64_t key) {
    std::vector<std::uint64_t> ids;
    for (const auto& entry : manifest.entries()) {
      if (entry->MayContain(Key(key))) ids.push_back(entry->segment.id.value());
    }
    return ids;
  }

  TempFolder folder_;
  std::unique_ptr<kv::Store> store_;
  std::unique_ptr<ManifestStore> manifests_;
};

TEST_F(ManifestTest, APartitionBeginsEmptyAndKeepsItsSegmentsOverARestart) {
  EXPECT_TRUE(Latest()->empty());
  EXPECT_FALSE(manifests_->MayHaveSegments(kTable));
  Apply({.added = {SegmentOf(1, {1, 2, 3})}});
  Apply({.added = {SegmentOf(2, {7, 9})}});
  Open();
  EXPECT_TRUE(manifests_->MayHaveSegments(kTable));
  EXPECT_FALSE(manifests_->MayHaveSegments(TableId(8)));
  const ManifestPtr manifest = Latest();
  ASSERT_EQ(manifest->entries().size(), 2u);
  const Segment& first = manifest->entries()[0]->segment;
  EXPECT_EQ(first.file.text(), "app/t/1.parquet");
  EXPECT_EQ(first.rows, 3u);
  EXPECT_EQ(first.bytes, 1234u);
  EXPECT_EQ(first.schema_version, 3);
  EXPECT_EQ(first.tombstones, 1u);
  EXPECT_EQ(first.min_seq, Seq(10));
  EXPECT_EQ(first.max_seq, Seq(19));
  EXPECT_EQ(first.created_at, 5);
  EXPECT_EQ(first.max_key, Key(3));
  EXPECT_EQ(Latest("noah")->entries().size(), 0u);
}

TEST_F(ManifestTest, ANewerSegmentHidesItsKeysInOlderOnes) {
  Apply({.added = {SegmentOf(1, {1, 2, 3, 4})}});
  Apply({.added = {SegmentOf(2, {2, 4, 6})}});
  Apply({.added = {SegmentOf(3, {4})}});
  const ManifestPtr manifest = Latest();
  EXPECT_EQ(Holding(*manifest, 1), (std::vector<std::uint64_t>{1}));
  EXPECT_EQ(Holding(*manifest, 2), (std::vector<std::uint64_t>{2}));
  EXPECT_EQ(Holding(*manifest, 4), (std::vector<std::uint64_t>{3}));
  EXPECT_EQ(Holding(*manifest, 6), (std::vector<std::uint64_t>{2}));
}

TEST_F(ManifestTest, AnOldSnapshotShowsItsOwnManifestAlsoThroughTheCache) {
  Apply({.added = {SegmentOf(1, {1, 2})}});
  const kv::SnapshotPtr before = store_->TakeSnapshot();
  Apply({.added = {SegmentOf(2, {2, 3})}});
  EXPECT_EQ(Latest()->entries().size(), 2u);
  const ManifestPtr old = manifests_->Load(kTable, "maya", before).value();
  EXPECT_EQ(old->entries().size(), 1u);
  EXPECT_EQ(Holding(*old, 2), (std::vector<std::uint64_t>{1}));
  EXPECT_EQ(Latest()->entries().size(), 2u);
}

TEST_F(ManifestTest, ACompactionReplacesItsInputs) {
  Apply({.added = {SegmentOf(1, {1, 2})}});
  Apply({.added = {SegmentOf(2, {2, 3})}});
  Apply({.added = {SegmentOf(3, {1, 2, 3})}, .removed = {SegmentId(1), SegmentId(2)}});
  const ManifestPtr manifest = Latest();
  ASSERT_EQ(manifest->entries().size(), 1u);
  EXPECT_EQ(Holding(*manifest, 2), (std::vector<std::uint64_t>{3}));
}

TEST_F(ManifestTest, DroppingForgetsAPartitionOrATable) {
  Apply({.added = {SegmentOf(1, {1})}}, "maya");
  Apply({.added = {SegmentOf(1, {1})}}, "noah");
  EXPECT_EQ(manifests_->Partitions(kTable, nullptr).value(),
            (std::vector<std::string>{"maya", "noah"}));
  kv::Batch one;
  ManifestStore::DropPartition(kTable, "maya", one);
  ASSERT_TRUE(store_->WriteDurably(one).ok());
  EXPECT_TRUE(Latest("maya")->empty());
  EXPECT_FALSE(Latest("noah")->empty());
  kv::Batch all;
  ManifestStore::DropTable(kTable, all);
  ASSERT_TRUE(store_->WriteDurably(all).ok());
  EXPECT_TRUE(Latest("noah")->empty());
  EXPECT_TRUE(manifests_->Partitions(kTable, nullptr).value().empty());
}

TEST_F(ManifestTest, WhatWasPublishedButNeverWrittenIsNeverSeen) {
  Apply({.added = {SegmentOf(1, {1, 2})}});
  kv::Batch lost;
  ASSERT_TRUE(manifests_->Publish(kTable, "maya", Latest(), {.added = {SegmentOf(2, {8})}}, lost).ok());
  EXPECT_EQ(Latest()->entries().size(), 1u);
  Apply({.added = {SegmentOf(2, {2, 9})}});
  const ManifestPtr manifest = Latest();
  EXPECT_EQ(Holding(*manifest, 8), std::vector<std::uint64_t>{});
  EXPECT_EQ(Holding(*manifest, 9), (std::vector<std::uint64_t>{2}));
  EXPECT_EQ(Holding(*manifest, 2), (std::vector<std::uint64_t>{2}));
}

// The cache is told of each change; what it holds is what a start reads.
TEST_F(ManifestTest, TheCacheHoldsWhatIsStored) {
  const auto described = [&] {
    std::string text;
    for (const auto& entry : Latest()->entries()) {
      text += EncodeSegment(entry->segment) + "/" + entry->filter->encoded() + "/";
      if (entry->hidden) text += EncodeHiddenKeys(*entry->hidden);
      text += "\n";
    }
    return text;
  };
  ManifestChange first{.added = {SegmentOf(1, {1, 2, 3})}};
  first.added[0].segment.extents = {{.field_id = 2, .min = -5, .max = 7}, {.field_id = 3}};
  first.added[0].hidden = {Key(3)};
  Apply(first);
  Apply({.added = {SegmentOf(2, {2, 4})}});
  Apply({.added = {SegmentOf(3, {1, 4, 5})}});
  Apply({.added = {SegmentOf(4, {2, 4})}, .removed = {SegmentId(2)}});
  const std::string cached = described();
  const std::uint64_t rows = Latest()->live_rows();
  Open();
  EXPECT_EQ(described(), cached);
  EXPECT_EQ(Latest()->live_rows(), rows);
}

// Random ranges, overlapping more or less, against a look at all of them.
TEST_F(ManifestTest, SegmentsAreFoundByTheirRanges) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (const unsigned width : {1u, 5u, 80u}) {
    std::vector<Manifest::EntryPtr> entries;
    for (std::uint64_t id = 1; id <= 60; ++id) {
      const std::uint64_t from = random() % 100;
      auto [segment, filter, keys, hidden] = SegmentOf(id, {from, from + random() % width});
      entries.push_back(std::make_shared<Manifest::Entry>(Manifest::Entry{
          std::move(segment), std::make_shared<const KeyFilter>(KeyFilter::Decode(filter).value()), nullptr}));
    }
    const Manifest manifest(1, entries);
    for (int i = 0; i < 300; ++i) {
      const std::string lower = i % 7 == 0 ? std::string() : Key(random() % 200);
      const auto upper = i % 5 == 0 ? std::nullopt : std::optional(Key(random() % 200));
      std::set<std::uint64_t> expected, found;
      std::optional<std::string> max;
      bool contained = false;
      for (const auto& entry : entries) {
        contained = contained || entry->MayContain(lower);
        const std::string &min_key = entry->segment.min_key, &max_key = entry->segment.max_key;
        if (max_key < lower || (upper && min_key >= *upper)) continue;
        expected.insert(entry->segment.id.value());
        if (!max || max_key > *max) max = max_key;
      }
      manifest.ForEachWithin(lower, upper, [&](const Manifest::Entry& entry) {
        EXPECT_TRUE(found.insert(entry.segment.id.value()).second);
      });
      EXPECT_EQ(found, expected);
      EXPECT_EQ(manifest.MaxKey(lower, upper), max);
      EXPECT_EQ(manifest.MayContain(lower), contained);
    }
  }
  EXPECT_FALSE(Manifest().MayContain(Key(1)));
  EXPECT_EQ(Manifest().MaxKey("", std::nullopt), std::nullopt);
}

// Random flushes over a small key space, and a map of what each segment really holds.
TEST_F(ManifestTest, AKeyIsVisibleInItsNewestSegmentOnly) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::map<std::uint64_t, std::set<std::uint64_t>> segments_of_key;
  for (std::uint64_t id = 1; id <= 40; ++id) {
    std::set<std::uint64_t> keys;
    for (int i = 0; i < 12; ++i) keys.insert(random() % 60);
    for (const auto key : keys) segments_of_key[key].insert(id);
    Apply({.added = {SegmentOf(id, {keys.begin(), keys.end()})}});
  }
  const ManifestPtr manifest = Latest();
  for (const auto& [key, real] : segments_of_key) {
    // The filter may also name segments that never had the key; a read of those finds nothing.
    std::vector<std::uint64_t> found;
    for (const auto id : Holding(*manifest, key)) {
      if (real.contains(id)) found.push_back(id);
    }
    EXPECT_EQ(found, (std::vector<std::uint64_t>{*real.rbegin()})) << "key " << key;
  }
}

}  // namespace
}  // namespace kalam::cold
