#include "editor/completion_menu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kalam::cli {
namespace {

using Category = Completion::Category;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Completions Items(std::initializer_list<Completion> items) {
  Completions completions;
  completions.items = items;
  return completions;
}

std::vector<std::string> Shown(CompletionMenu& menu, std::size_t rows, std::size_t columns) {
  std::vector<std::string> texts;
  for (const FrameRow& row : menu.Compose(rows, columns, false)) texts.push_back(row.bytes);
  return texts;
}

TEST(CompletionMenuTest, EntriesStandInColumnsWithTheirKind) {
  CompletionMenu menu(
      Items({{"SELECT", Category::kKeyword}, {"app.notes", Category::kTable}, {"id", Category::kColumn}}));
  menu.Next();
  EXPECT_THAT(Shown(menu, 10, 45), ElementsAre("> SELECT    keyword  app.notes table  ", "  id        column "));
  menu.Down();
  EXPECT_EQ(menu.chosen()->text, "id");
  menu.Next();
  EXPECT_EQ(menu.chosen()->text, "SELECT");
  menu.Previous();
  EXPECT_EQ(menu.chosen()->text, "id");
}

// US0 T114h: styled entries with a dim label
TEST(CompletionMenuTest, StylesAreTheSpecifiedOnes) {
  CompletionMenu menu(Items({{"a", Category::kKeyword},
                             {"b", Category::kTable},
                             {"c", Category::kColumn},
                             {"d", Category::kType},
                             {"e", Category::kCommand}}));
  std::string all;
  for (const FrameRow& row : menu.Compose(10, 20, true)) all += row.bytes + "\n";
  for (const char* entry : {"\x1b[1;34ma", "\x1b[32mb", "\x1b[33mc", "\x1b[35md", "\x1b[1;36me", "\x1b[2mkeyword"}) {
    EXPECT_THAT(all, HasSubstr(entry));
  }
}

TEST(CompletionMenuTest, ALongListShowsAWindowAroundTheChosen) {
  Completions many;
  for (int i = 0; i < 50; ++i) many.items.push_back({"t" + std::to_string(i), Category::kTable});
  CompletionMenu menu(std::move(many));
  EXPECT_THAT(Shown(menu, 4, 15), ElementsAre("  t0  table", "  t1  table", "  t2  table", "  1-3 of 50"));
  menu.Previous();
  EXPECT_THAT(Shown(menu, 4, 15), ElementsAre("  t47 table", "  t48 table", "> t49 table", "  48-50 of 50"));
}

TEST(CompletionMenuTest, TheCommonStart) {
  EXPECT_EQ(CommonPrefix({{"BIGINT", Category::kType}, {"bigserial", Category::kType}}), "BIG");
}

}  // namespace
}  // namespace kalam::cli
