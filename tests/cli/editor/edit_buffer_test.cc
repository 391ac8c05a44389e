#include "editor/edit_buffer.h"

#include <cstdio>
#include <random>

#include <gtest/gtest.h>

#include "editor/frame.h"

namespace kalam::cli {
namespace {

const std::string kFamily = "\U0001F469\u200D\U0001F469\u200D\U0001F467";

EditBuffer BufferOf(std::string_view text) {
  EditBuffer buffer;
  buffer.Insert(text);
  return buffer;
}

TEST(EditBufferTest, ACharacterIsWhatItsReaderSees) {
  EditBuffer buffer = BufferOf("a" + kFamily + "e\u0301漢");
  EXPECT_TRUE(buffer.Erase(Motion::kLeft));
  EXPECT_TRUE(buffer.Erase(Motion::kLeft));
  EXPECT_EQ(buffer.text(), "a" + kFamily);
  EXPECT_TRUE(buffer.Move(Motion::kLeft));
  EXPECT_EQ(buffer.cursor(), 1u);
  EXPECT_TRUE(buffer.Erase(Motion::kRight));
  EXPECT_EQ(buffer.text(), "a");
  EXPECT_FALSE(buffer.Erase(Motion::kRight));
}

TEST(EditBufferTest, WordsAndBlanks) {
  EditBuffer buffer = BufferOf("SELECT größe FROM app.notes_2;");
  buffer.Move(Motion::kWordLeft);
  EXPECT_EQ(buffer.cursor(), buffer.text().find("notes_2"));
  buffer.Move(Motion::kTextStart);
  buffer.Move(Motion::kWordRight);
  EXPECT_EQ(buffer.cursor(), 6u);
  buffer.Move(Motion::kWordRight);
  EXPECT_EQ(buffer.cursor(), buffer.text().find(" FROM"));
  buffer.Move(Motion::kTextEnd);
  buffer.Kill(Motion::kBlankLeft);
  EXPECT_EQ(buffer.text(), "SELECT größe FROM ");
}

TEST(EditBufferTest, KillsGatherAndComeBack) {
  EditBuffer buffer = BufferOf("one two three\nfour");
  buffer.Kill(Motion::kWordLeft);
  buffer.Move(Motion::kLineUp);
  buffer.Move(Motion::kLineStart);
  buffer.Kill(Motion::kWordRight);
  buffer.Kill(Motion::kLineEnd);
  buffer.Kill(Motion::kLineEnd);
  EXPECT_EQ(buffer.text(), "");
  buffer.Yank();
  EXPECT_EQ(buffer.text(), "one two three\n");
}

TEST(EditBufferTest, UpAndDownKeepTheirColumnInCells) {
  EditBuffer buffer = BufferOf("漢字漢字\nab\nabcdefgh");
  buffer.Move(Motion::kLeft);
  buffer.Move(Motion::kLeft);  // column 6
  buffer.Move(Motion::kLineUp);
  EXPECT_EQ(buffer.cursor(), buffer.text().find("ab") + 2);
  buffer.Move(Motion::kLineUp);
  EXPECT_EQ(buffer.cursor(), std::string("漢字漢").size());
  EXPECT_FALSE(buffer.Move(Motion::kLineUp));
}

TEST(EditBufferTest, TransposeExchangesNeighbours) {
  EditBuffer buffer = BufferOf("ab" + kFamily);
  EXPECT_TRUE(buffer.Transpose());
  EXPECT_EQ(buffer.text(), "a" + kFamily + "b");
  EXPECT_FALSE(BufferOf("a").Transpose());
}

TEST(EditBufferTest, UndoGoesWordByWordBackToNothing) {
  EditBuffer buffer;
  for (const char c : std::string("SELECT one")) buffer.Insert(std::string(1, c));
  buffer.Kill(Motion::kWordLeft);
  buffer.Undo();
  EXPECT_EQ(buffer.text(), "SELECT one");
  buffer.Undo();
  EXPECT_EQ(buffer.text(), "SELECT");
  buffer.Undo();
  EXPECT_EQ(buffer.text(), "");
  EXPECT_FALSE(buffer.Undo());
}

TEST(EditBufferTest, WhatJoinsItsNeighbourDoesNotSplitIt) {
  EditBuffer buffer = BufferOf("\U0001F469\U0001F467");
  buffer.Move(Motion::kLeft);
  buffer.Insert("\u200D");  // joins them
  EXPECT_EQ(buffer.cursor(), buffer.text().size());
  EXPECT_TRUE(buffer.Erase(Motion::kLeft));
  EXPECT_EQ(buffer.text(), "");
}

// Random keys against a vector of graphemes.
TEST(EditBufferTest, RandomEditsAgreeWithTheModel) {
  const auto seed = std::random_device{}();
  std::printf("seed=%u\n", seed);
  std::mt19937 random(seed);
  const std::vector<std::string> palette = {"a", "b", "_", " ", "\n", ";", "\t", "é", "漢", "e\u0301", kFamily, "Ω"};
  for (int round = 0; round < 200; ++round) {
    EditBuffer buffer;
    std::vector<std::string> model;
    std::size_t cursor = 0;
    struct Before {
      std::string text;
      bool one_step;
    };
    const auto joined = [&](std::size_t end) {
      std::string text;
      for (std::size_t i = 0; i < end; ++i) text += model[i];
      return text;
    };
    const auto at = [&](std::size_t i) { return model.begin() + static_cast<std::ptrdiff_t>(i); };
    for (int step = 0; step < 200; ++step) {
      switch (random() % 12) {
        case 0:
        case 1:
        case 2:
        case 3: {
          const std::string& piece = palette[random() % palette.size()];
          buffer.Insert(piece);
          model.insert(at(cursor++), piece);
          break;
        }
        case 4:
          if (buffer.Move(Motion::kLeft)) --cursor;
          break;
        case 5:
          if (buffer.Move(Motion::kRight)) ++cursor;
          break;
        case 6:
          EXPECT_EQ(buffer.Erase(Motion::kLeft), cursor > 0);
          if (cursor > 0) model.erase(at(--cursor));
          break;
        case 7:
          EXPECT_EQ(buffer.Erase(Motion::kRight), cursor < model.size());
          if (cursor < model.size()) model.erase(at(cursor));
          break;
        case 8:
          buffer.Move(Motion::kLineStart);
          while (cursor > 0 && model[cursor - 1] != "\n") --cursor;
          break;
        case 9:
          buffer.Kill(Motion::kLineStart);
          while (cursor > 0 && model[cursor - 1] != "\n") model.erase(at(--cursor));
          break;
        case 10: {
          const std::string text = buffer.text();
          buffer.Replace(0, 0, "x");
          EXPECT_TRUE(buffer.Undo());
          EXPECT_EQ(buffer.text(), text);
          break;
        }
        default:
          if (cursor < model.size() && model[cursor] != "\n" && cursor > 0 && model[cursor - 1] != "\n") {
            buffer.Transpose();
            std::swap(model[cursor - 1], model[cursor]);
            ++cursor;
          }
      }
      ASSERT_EQ(buffer.text(), joined(model.size()));
      ASSERT_EQ(buffer.cursor(), joined(cursor).size());
    }
    while (buffer.Undo()) {
    }
    ASSERT_EQ(buffer.text(), "");
  }
}

}  // namespace
}  // namespace kalam::cli
