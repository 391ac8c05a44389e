#include "banner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kalam::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// US0 T114g, D-45
TEST(BannerTest, ThePromptShowsWhetherTheServerWasReached) {
  EXPECT_EQ(PromptRow(false, true).bytes, "kalam> ");
  EXPECT_EQ(PromptRow(true, true).bytes, "  \x1b[30;106m kalam \x1b[0m ❯ ");
  EXPECT_EQ(PromptRow(true, false).bytes, "  \x1b[30;41m kalam \x1b[0m ❯ ");
}

// US0 T114f
TEST(BannerTest, TheBannerIsABrightBlueBox) {
  const BannerFacts facts{"http://db:8080", "maya\x1b[2J", "0.1.0"};
  const std::string plain = BannerText(facts, false, false);
  EXPECT_THAT(plain, HasSubstr("║  🗄️  Kalam CLI - Interactive Database Terminal       ║\n"));
  EXPECT_THAT(plain, HasSubstr("Connected to http://db:8080\n"));
  EXPECT_THAT(plain, Not(HasSubstr("\x1b["))) << "names never reach the terminal raw";
  EXPECT_THAT(BannerText(facts, true, true), HasSubstr("\x1b[94m╔"));
}

}  // namespace
}  // namespace kalam::cli
