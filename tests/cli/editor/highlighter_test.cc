#include "editor/highlighter.h"

#include <cstdio>
#include <random>

#include <gtest/gtest.h>

namespace kalam::cli {
namespace {

// The text with a letter for each styled byte: k(eyword), t(ype), s(tring), n(umber), o(perator), c(ommand).
std::string Painted(std::string_view text) {
  Highlighter highlighter;
  std::string painted(text.size(), '.');
  for (const StyledSpan& span : highlighter.Update(text)) {
    const std::string_view style = span.style;
    const char letter = style.empty()          ? '.'
                        : style == "\x1b[1;34m" ? 'k'
                        : style == "\x1b[1;35m" ? 't'
                        : style == "\x1b[32m"   ? 's'
                        : style == "\x1b[33m"   ? 'n'
                        : style == "\x1b[36m"   ? 'o'
                                                : 'c';
    for (std::uint32_t i = span.begin; i < span.end; ++i) painted[i] = letter;
  }
  return painted;
}

TEST(HighlighterTest, EveryKindHasItsColour) {
  EXPECT_EQ(Painted("select name FROM t WHERE x >= 1.5;"),
            "kkkkkk......kkkk...kkkkk...oo.nnn.");
  EXPECT_EQ(Painted("CREATE TABLE t (id BIGINT, n text)"), "kkkkkk.kkkkk.......tttttt....tttt.");
  EXPECT_EQ(Painted("'it''s' || E'\\'' || $$x$$"), "sssssss.oo.sssss.oo.sssss");
  EXPECT_EQ(Painted("-- SELECT 1\n\"select\" 'open; SELECT"), ".....................sssssssssssss");
  EXPECT_EQ(Painted("\\dt app.notes"), "ccc..........");
}

TEST(HighlighterTest, ATypedCharacterReadsFewTokensOfALargeText) {
  std::string text;
  while (text.size() < 1'000'000) text += "INSERT INTO t VALUES (1, 'one', 2.5);\n";
  Highlighter highlighter;
  highlighter.Update(text);
  for (const std::size_t at : {std::size_t{12}, text.size() / 2, text.size()}) {
    text.insert(at, "x");
    highlighter.Update(text);
    EXPECT_LT(highlighter.tokens_read(), 12u);
  }
}

// Random edits, rich in what opens and closes strings and comments: as if the text were read anew each time.
TEST(HighlighterTest, WhatIsUpdatedIsWhatIsReadAnew) {
  const auto seed = std::random_device{}();
  std::printf("seed=%u\n", seed);
  std::mt19937 random(seed);
  const std::vector<std::string> pieces = {"SELECT ", "'", "\"", "/*", "*/", "--", "\n", "$a$", "$", "1", ".", "e5",
                                           "E'",      "\\", "+", "-", "name", " ", "U&'", "`", "::", "TEXT", "é"};
  for (int round = 0; round < 300; ++round) {
    Highlighter highlighter;
    std::string text;
    for (int step = 0; step < 60; ++step) {
      const std::size_t at = random() % (text.size() + 1);
      if (random() % 3 == 0) {
        text.erase(at, random() % 6);
      } else {
        text.insert(at, pieces[random() % pieces.size()]);
      }
      ASSERT_EQ(highlighter.Update(text), Highlighter().Update(text)) << text;
    }
  }
}

}  // namespace
}  // namespace kalam::cli
