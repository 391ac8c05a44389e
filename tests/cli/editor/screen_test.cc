#include "editor/screen.h"

#include <cstdio>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "editor/edit_buffer.h"
#include "editor/terminal_model.h"

namespace kalam::cli {
namespace {

using test::TerminalModel;
using ::testing::ElementsAre;

const FrameRow kPrompt{.bytes = "kalam> ", .width = 7};
const FrameRow kMore{.bytes = "    -> ", .width = 7};

View ViewOf(const EditBuffer& buffer) {
  View view;
  view.prompt = kPrompt;
  view.continuation = kMore;
  view.text = buffer.text();
  view.cursor = buffer.cursor();
  return view;
}

// The rows of a text, written down the simplest way. A cursor behind a full row has a row of its own.
std::vector<std::string> PlainRows(std::string_view text, std::size_t cursor, std::size_t columns) {
  const std::size_t whole = text.size();
  std::vector<std::string> rows = {"kalam> "};
  std::size_t column = 7;
  while (!text.empty()) {
    const Cluster cluster = FirstEditCluster(text);
    if (text[0] == '\n') {
      if (whole - text.size() == cursor && column == columns) rows.emplace_back();
      rows.emplace_back("    -> ");
      column = 7;
    } else {
      if (column + cluster.width > columns) {
        rows.emplace_back();
        column = 0;
      }
      if (text[0] == '\t') {
        rows.back() += "    ";
      } else {
        rows.back() += text.substr(0, cluster.bytes);
      }
      column += cluster.width;
    }
    text.remove_prefix(cluster.bytes);
  }
  for (std::string& row : rows) row.erase(row.find_last_not_of(' ') + 1);
  while (!rows.empty() && rows.back().empty()) rows.pop_back();
  return rows;
}

TEST(ScreenTest, LinesHavePromptsAndLongOnesWrap) {
  TerminalModel terminal(10, 20);
  Screen screen;
  std::size_t top = 0;
  EditBuffer buffer;
  buffer.Insert("SELECT 1234567890漢字\nFROM t");
  std::string out;
  screen.Draw(ComposeFrame(ViewOf(buffer), {10, 20}, &top), {10, 20}, &out);
  terminal.Write(out);
  EXPECT_THAT(terminal.Rows(), ElementsAre("kalam> SELECT 123456", "7890漢字", "    -> FROM t"));
  EXPECT_EQ(terminal.cursor_row(), 2u);
  EXPECT_EQ(terminal.cursor_column(), 13u);
}

TEST(ScreenTest, TypingWritesOneRowOnly) {
  TerminalModel terminal(10, 40);
  Screen screen;
  std::size_t top = 0;
  EditBuffer buffer;
  buffer.Insert("SELECT a,\n       b,\n       c");
  std::string out;
  screen.Draw(ComposeFrame(ViewOf(buffer), {10, 40}, &top), {10, 40}, &out);
  out.clear();
  buffer.Insert("x");
  screen.Draw(ComposeFrame(ViewOf(buffer), {10, 40}, &top), {10, 40}, &out);
  EXPECT_LT(out.size(), 50u);
  out.clear();
  screen.Draw(ComposeFrame(ViewOf(buffer), {10, 40}, &top), {10, 40}, &out);
  EXPECT_EQ(out, "");
}

TEST(ScreenTest, ASuggestionEndsWithItsRow) {
  std::size_t top = 0;
  EditBuffer buffer;
  buffer.Insert("SEL");
  View view = ViewOf(buffer);
  view.suggestion = "ECT something long FROM t";
  TerminalModel terminal(5, 20);
  std::string out;
  Screen screen;
  screen.Draw(ComposeFrame(view, {5, 20}, &top), {5, 20}, &out);
  terminal.Write(out);
  EXPECT_THAT(terminal.Rows(), ElementsAre("kalam> SELECT somet"));
  EXPECT_EQ(terminal.cursor_column(), 10u);
}

TEST(ScreenTest, AHighTextIsSeenThroughAWindow) {
  EditBuffer buffer;
  std::string text;
  for (int i = 0; i < 30; ++i) text += std::to_string(i) + "\n";
  buffer.Insert(text + "end");
  std::size_t top = 0;
  Frame frame = ComposeFrame(ViewOf(buffer), {6, 40}, &top);
  ASSERT_EQ(frame.rows.size(), 6u);
  EXPECT_EQ(frame.rows.back().bytes, "    -> end");
  for (int i = 0; i < 3; ++i) buffer.Move(Motion::kLineUp);
  frame = ComposeFrame(ViewOf(buffer), {6, 40}, &top);
  EXPECT_EQ(frame.rows.back().bytes, "    -> end");  // the window stays while the cursor is in it
  EXPECT_EQ(frame.cursor_row, 2u);
  buffer.Move(Motion::kTextStart);
  frame = ComposeFrame(ViewOf(buffer), {6, 40}, &top);
  EXPECT_EQ(frame.rows.front().bytes, "kalam> 0");
}

TEST(ScreenTest, ANarrowerTerminalThatWrappedOurRowsIsCleaned) {
  Screen screen;
  std::size_t top = 0;
  EditBuffer buffer;
  buffer.Insert("SELECT 123456789012345678901");  // 35 cells with the prompt
  std::string out;
  screen.Draw(ComposeFrame(ViewOf(buffer), {10, 40}, &top), {10, 40}, &out);
  // What such a terminal shows at 20 columns, with a line of before above.
  TerminalModel terminal(10, 20);
  terminal.Write("before\r\nkalam> SELECT 123456\r\n789012345678901");
  out.clear();
  screen.Resize({10, 20}, &out);
  screen.Draw(ComposeFrame(ViewOf(buffer), {10, 20}, &top), {10, 20}, &out);
  terminal.Write(out);
  EXPECT_THAT(terminal.Rows(), ElementsAre("before", "kalam> SELECT 123456", "789012345678901"));
}

// Random edits: after each, the model terminal shows what writing the text down anew would.
TEST(ScreenTest, RandomEditsShowWhatTheTextIs) {
  const auto seed = std::random_device{}();
  std::printf("seed=%u\n", seed);
  std::mt19937 random(seed);
  const std::vector<std::string> palette = {"a", "bc", " ", "\n", "\t", "é", "漢", "e\u0301", "long words in a row ",
                                            "\U0001F469\u200D\U0001F467"};
  for (int round = 0; round < 100; ++round) {
    const TerminalSize size{.rows = 200, .columns = 16 + random() % 30};
    TerminalModel terminal(size.rows, size.columns);
    Screen screen;
    EditBuffer buffer;
    std::size_t top = 0;
    for (int step = 0; step < 60; ++step) {
      switch (random() % 8) {
        case 0: buffer.Move(Motion::kLeft); break;
        case 1: buffer.Move(Motion::kLineUp); break;
        case 2: buffer.Erase(Motion::kLeft); break;
        case 3: buffer.Kill(Motion::kLineStart); break;
        case 4: buffer.Undo(); break;
        default: buffer.Insert(palette[random() % palette.size()]);
      }
      View view = ViewOf(buffer);
      if (random() % 3 == 0) view.below = {{.bytes = "menu", .width = 4}, {.bytes = "more", .width = 4}};
      std::string out;
      const Frame frame = ComposeFrame(view, size, &top);
      screen.Draw(frame, size, &out);
      terminal.Write(out);
      auto expected = PlainRows(buffer.text(), buffer.cursor(), size.columns);
      if (!view.below.empty()) {
        expected.resize(frame.rows.size() - 2);
        expected.insert(expected.end(), {"menu", "more"});
      }
      ASSERT_EQ(terminal.Rows(), expected) << buffer.text();
      ASSERT_EQ(terminal.cursor_row(), frame.cursor_row);
      ASSERT_EQ(terminal.cursor_column(), frame.cursor_column);
      ASSERT_EQ(terminal.scrolled(), 0u);
    }
  }
}

}  // namespace
}  // namespace kalam::cli
