// The result set that `kalam watch --table` keeps, against a simple model, and what the screen shows of it.

#include "live_screen.h"
#include "text_width.h"

#include <map>
#include <random>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kalam::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Kind = ChangeEvent::Kind;

const LiveRows::Time kStart = LiveRows::Time() + std::chrono::hours(1);

Rows OneRow(int id, const std::string& body) {
  Rows rows({"id", "body"});
  rows.AppendRow();
  rows.SetInLastRow(0, Cell::Kind::kNumber, std::to_string(id));
  if (!body.empty()) rows.SetInLastRow(1, Cell::Kind::kString, body);
  return rows;
}

ChangeEvent Inserted(int id, const std::string& body) { return {.kind = Kind::kInsert, .rows = OneRow(id, body)}; }
ChangeEvent Updated(int id, const std::string& before, const std::string& after) {
  return {.kind = Kind::kUpdate, .rows = OneRow(id, after), .old_rows = OneRow(id, before)};
}
ChangeEvent Deleted(int id, const std::string& body) {
  return {.kind = Kind::kDelete, .rows = OneRow(id, body), .old_rows = OneRow(id, body)};
}

TEST(LiveRowsTest, HoldsWhatAModelHolds) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  LiveRows live;
  std::map<int, std::string> model;
  for (int step = 0; step < 5'000; ++step) {
    const int id = static_cast<int>(random() % 50);
    const std::string body = random() % 5 == 0 ? "" : "b" + std::to_string(random() % 4);
    const auto known = model.find(id);
    if (known == model.end()) {
      live.Apply(Inserted(id, body), kStart);
      model[id] = body;
    } else if (random() % 2 == 0) {
      live.Apply(Updated(id, known->second, body), kStart);
      known->second = body;
    } else {
      live.Apply(Deleted(id, known->second), kStart);
      model.erase(known);
    }
  }
  std::map<int, std::string> held;
  for (const auto& entry : live.rows()) held[std::stoi(entry[0].text)] = entry[1].text;
  EXPECT_EQ(held, model);
  EXPECT_EQ(live.count(), model.size());
  live.Apply({.kind = Kind::kResync}, kStart);
  EXPECT_EQ(live.count(), 0u);
}

TEST(LiveRowsTest, RowsChangeInPlaceAndTheChangedCellIsMarkedForAMoment) {
  LiveRows live;
  live.Apply({.kind = Kind::kInitialData, .rows = OneRow(1, "one")}, kStart);
  live.Apply({.kind = Kind::kInitialData, .rows = OneRow(2, "two")}, kStart);
  live.Apply(Updated(1, "one", "uno"), kStart);
  const std::string during = DrawLiveRows(live, "SELECT", 20, 40, false, kStart + std::chrono::milliseconds(500));
  EXPECT_EQ(during,
            "SELECT\n"
            "┌────┬──────┐\n"
            "│ id │ body │\n"
            "├────┼──────┤\n"
            "│ 1  │ \x1b[7muno\x1b[0m  │\n"
            "│ 2  │ two  │\n"
            "└────┴──────┘\n"
            "(2 rows, 1 change)\n");
  EXPECT_THAT(DrawLiveRows(live, "SELECT", 20, 40, false, kStart + std::chrono::seconds(2)), Not(HasSubstr("\x1b")));
}

TEST(LiveRowsTest, TheScreenIsNeverLeft) {
  LiveRows live;
  for (int id = 0; id < 100; ++id) live.Apply(Inserted(id, std::string(200, 'x') + "\x1b[2J"), kStart);
  for (std::size_t lines = 1; lines < 40; ++lines) {
    for (std::size_t width = 12; width < 100; width += 7) {
      const std::string screen =
          DrawLiveRows(live, "SELECT something long", lines, width, false, kStart + std::chrono::hours(1));
      std::istringstream drawn(screen);
      std::size_t count = 0;
      for (std::string line; std::getline(drawn, line); ++count) EXPECT_LE(ToDisplayText(line).width, width);
      EXPECT_LE(count, std::max<std::size_t>(lines, 2));
    }
  }
  EXPECT_THAT(DrawLiveRows(live, "", 16, 80, false, kStart), HasSubstr("(100 rows, the first 10 shown, 100 changes)"));
}

// Goal 15: 10,000 live rows/s are displayed without falling behind. This is the work for them, drawing included.
TEST(LiveRowsTest, TenThousandChangesAreAppliedInAFractionOfASecond) {
  LiveRows live;
  for (int id = 0; id < 1'000; ++id) live.Apply(Inserted(id, "0"), kStart);
  const auto started = std::chrono::steady_clock::now();
  for (int i = 0; i < 10'000; ++i) {
    const int round = i / 1'000;
    live.Apply(Updated(i % 1'000, std::to_string(round), std::to_string(round + 1)), kStart);
    if (i % 500 == 0) DrawLiveRows(live, "SELECT", 50, 200, true, kStart);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::milliseconds(500));
  EXPECT_EQ(live.rows().front()[1].text, "10");
}

}  // namespace
}  // namespace kalam::cli
