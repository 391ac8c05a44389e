#include "editor/line_editor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kalam::cli {
namespace {

using Outcome = LineEditor::Outcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LineEditorTest : public ::testing::Test {
 protected:
  LineEditorTest() { Start(); }

  void Start() { editor_.Start({.bytes = "kalam> ", .width = 7}); }
  // The outcome of the last key.
  Outcome Type(std::string_view bytes) {
    KeyDecoder decoder;
    std::vector<Key> keys;
    decoder.Feed(bytes, &keys);
    decoder.Flush(&keys);
    Outcome outcome = Outcome::kGoOn;
    for (const Key& key : keys) outcome = editor_.Press(key);
    return outcome;
  }
  void Enter(std::string_view text) {
    EXPECT_EQ(Type(std::string(text) + "\r"), Outcome::kAccepted);
    Start();
  }
  std::string Shown() {
    std::string all;
    for (const FrameRow& row : editor_.Compose({}).rows) all += row.bytes + "\n";
    return all;
  }

  History history_{std::nullopt};
  LineEditor editor_{&history_, true};
};

TEST_F(LineEditorTest, EnterGoesOnUntilTheSemicolon) {
  EXPECT_EQ(Type("SELECT ';' -- not this;\r"), Outcome::kGoOn);
  EXPECT_EQ(Type("FROM t\r"), Outcome::kGoOn);
  EXPECT_EQ(Type(";\r"), Outcome::kAccepted);
  EXPECT_EQ(editor_.text(), "SELECT ';' -- not this;\nFROM t\n;");
  EXPECT_THAT(history_.entries(), ElementsAre(editor_.text()));
}

TEST_F(LineEditorTest, ACommandNeedsNoSemicolon) {
  EXPECT_EQ(Type("\\dt\r"), Outcome::kAccepted);
  EXPECT_EQ(editor_.text(), "\\dt");
}

TEST_F(LineEditorTest, PastedLinesWaitForEnter) {
  EXPECT_EQ(Type("\x1b[200~SELECT 1;\rSELECT 2;\r\x1b[201~"), Outcome::kGoOn);
  EXPECT_EQ(editor_.text(), "SELECT 1;\nSELECT 2;\n");
  EXPECT_EQ(Type("\r"), Outcome::kAccepted);
}

TEST_F(LineEditorTest, CtrlCGivesUpAndCtrlDEndsAnEmptyInputOnly) {
  EXPECT_EQ(Type("SELECT\x03"), Outcome::kCancelled);
  Start();
  EXPECT_EQ(Type("ab\x01\x04"), Outcome::kGoOn);
  EXPECT_EQ(editor_.text(), "b");
  EXPECT_EQ(Type("\x04\x7f"), Outcome::kGoOn);
  EXPECT_EQ(editor_.text(), "");
  EXPECT_EQ(Type("\x04"), Outcome::kEnd);
}

// US0 T064 test_cli_interactive_history
TEST_F(LineEditorTest, UpAndDownWalkThroughWhatStartsAsTheText) {
  Enter("SELECT 1;");
  Enter("INSERT 2;");
  Enter("SELECT 3;");
  Type("\x1b[A");
  EXPECT_EQ(editor_.text(), "SELECT 3;");
  Type("\x1b[A\x1b[A\x1b[A");
  EXPECT_EQ(editor_.text(), "SELECT 1;");
  Type("\x1b[B\x1b[B\x1b[B");
  EXPECT_EQ(editor_.text(), "");
  Type("SEL\x1b[A\x1b[A");
  EXPECT_EQ(editor_.text(), "SELECT 1;");
  Type("\x1b[B\x1b[B");
  EXPECT_EQ(editor_.text(), "SEL");
}

TEST_F(LineEditorTest, UpMovesWithinATextOfManyLines) {
  Enter("SELECT 1;");
  Type("ab\rcd\x1b[A!");
  EXPECT_EQ(editor_.text(), "ab!\ncd");
}

TEST_F(LineEditorTest, ASuggestionIsTakenWithRight) {
  Enter("SELECT * FROM notes;");
  Type("SELECT * F");
  EXPECT_THAT(Shown(), HasSubstr("\x1b[90mROM notes;"));
  Type("\x1b[C");
  EXPECT_EQ(editor_.text(), "SELECT * FROM notes;");
}

TEST_F(LineEditorTest, WithoutColourNothingIsSuggested) {
  LineEditor plain(&history_, false);
  Enter("SELECT 1;");
  plain.Start({});
  plain.Press({.text = "S"});
  plain.Press({.code = KeyCode::kRight});
  EXPECT_EQ(plain.text(), "S");
}

TEST_F(LineEditorTest, CtrlRSearchesBackwards) {
  Enter("SELECT * FROM one;");
  Enter("SELECT 2;");
  Enter("DELETE FROM one;");
  Type("draft\x12" "one");
  EXPECT_EQ(editor_.text(), "DELETE FROM one;");
  EXPECT_THAT(Shown(), HasSubstr("(search)'one': "));
  Type("\x12");
  EXPECT_EQ(editor_.text(), "SELECT * FROM one;");
  Type("\x12");
  EXPECT_THAT(Shown(), HasSubstr("(failed search)'one': "));
  EXPECT_EQ(editor_.text(), "SELECT * FROM one;");
  Type("\x07");
  EXPECT_EQ(editor_.text(), "draft");
  Type("\x12" "DEL");
  EXPECT_EQ(Type("\r"), Outcome::kAccepted);
  EXPECT_EQ(editor_.text(), "DELETE FROM one;");
}

TEST_F(LineEditorTest, EmacsKeys) {
  Type("one two three\x17\x17" "four \x19\x01\x0b\x19");
  EXPECT_EQ(editor_.text(), "one four two three");
  Type("\x1b" "b\x1b" "d");
  EXPECT_EQ(editor_.text(), "one four two ");
  Type("\x1f");
  EXPECT_EQ(editor_.text(), "one four two three");
}

class CompletionTest : public LineEditorTest {
 protected:
  CompletionTest() { completing_.Start({.bytes = "kalam> ", .width = 7}); }

  Outcome Keys(std::string_view bytes) {
    KeyDecoder decoder;
    std::vector<Key> keys;
    decoder.Feed(bytes, &keys);
    decoder.Flush(&keys);
    Outcome outcome = Outcome::kGoOn;
    for (const Key& key : keys) outcome = completing_.Press(key);
    return outcome;
  }
  std::size_t RowsShown() { return completing_.Compose({}).rows.size(); }

  const SchemaNames names_{{{"app", "notes", {"id"}}, {"app", "news", {"id"}}}};
  LineEditor completing_{&history_, false, [this](std::string_view text, std::size_t cursor) {
                           return Complete(text, cursor, names_);
                         }};
};

TEST_F(CompletionTest, ASingleCompletionIsTaken) {
  Keys("sel\t * FROM app.no\t;");
  EXPECT_EQ(completing_.text(), "SELECT * FROM app.notes;");
  EXPECT_EQ(RowsShown(), 1u);
}

TEST_F(CompletionTest, OfSeveralACommonStartIsTakenAndAListChoosesOne) {
  Keys("SELECT * FROM app.\t");
  EXPECT_EQ(completing_.text(), "SELECT * FROM app.n");
  EXPECT_EQ(RowsShown(), 2u);
  Keys("\t\t");
  EXPECT_EQ(Keys("\r"), Outcome::kGoOn);
  EXPECT_EQ(completing_.text(), "SELECT * FROM app.notes");
  EXPECT_EQ(RowsShown(), 1u);
}

TEST_F(CompletionTest, TheListFollowsWhatIsTypedAndEscapeClosesIt) {
  Keys("SELECT * FROM app.\to");
  EXPECT_EQ(RowsShown(), 2u);
  Keys("x");
  EXPECT_EQ(RowsShown(), 1u);
  Keys("\x7f\x7f\t");
  EXPECT_EQ(RowsShown(), 2u);
  Keys("\x1b");
  EXPECT_EQ(RowsShown(), 1u);
  EXPECT_EQ(completing_.text(), "SELECT * FROM app.n");
}

TEST_F(CompletionTest, EnterWithNothingChosenIsEnter) {
  Keys("SELECT 1 \t");
  EXPECT_GT(RowsShown(), 2u);
  EXPECT_EQ(Keys(";\r"), Outcome::kAccepted);
}

}  // namespace
}  // namespace kalam::cli
