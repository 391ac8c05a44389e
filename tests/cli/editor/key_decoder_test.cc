#include "editor/key_decoder.h"

#include <cstdio>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "editor/utf8_text.h"

namespace kalam::cli {
namespace {

using ::testing::ElementsAre;

std::vector<Key> KeysOf(std::string_view bytes) {
  KeyDecoder decoder;
  std::vector<Key> keys;
  decoder.Feed(bytes, &keys);
  decoder.Flush(&keys);
  return keys;
}

Key Text(std::string text) { return {.text = std::move(text)}; }
Key Ctrl(std::string text) { return {.ctrl = true, .text = std::move(text)}; }
Key Alt(std::string text) { return {.alt = true, .text = std::move(text)}; }
Key Named(KeyCode code) { return {.code = code}; }

TEST(KeyDecoderTest, CharactersAndControls) {
  EXPECT_THAT(KeysOf("aé漢\x01\x1f\r\n\t\x7f\b"),
              ElementsAre(Text("a"), Text("é"), Text("漢"), Ctrl("a"), Ctrl("_"), Named(KeyCode::kEnter),
                          Named(KeyCode::kEnter), Named(KeyCode::kTab), Named(KeyCode::kBackspace),
                          Named(KeyCode::kBackspace)));
}

TEST(KeyDecoderTest, SequencesWithModifiers) {
  EXPECT_THAT(KeysOf("\x1b[A\x1bOB\x1b[1;5C\x1b[1;3D\x1b[3~\x1b[3;5~\x1b[H\x1b[4~\x1b[Z"),
              ElementsAre(Named(KeyCode::kUp), Named(KeyCode::kDown), Key{.code = KeyCode::kRight, .ctrl = true},
                          Key{.code = KeyCode::kLeft, .alt = true}, Named(KeyCode::kDelete),
                          Key{.code = KeyCode::kDelete, .ctrl = true}, Named(KeyCode::kHome), Named(KeyCode::kEnd),
                          Named(KeyCode::kBackTab)));
}

TEST(KeyDecoderTest, EscapeAloneIsAKeyAndBeforeACharacterIsAlt) {
  EXPECT_THAT(KeysOf("\x1b"), ElementsAre(Named(KeyCode::kEscape)));
  EXPECT_THAT(KeysOf("\x1b\x1b"), ElementsAre(Named(KeyCode::kEscape), Named(KeyCode::kEscape)));
  EXPECT_THAT(KeysOf("\x1b" "f\x1b" "é"), ElementsAre(Alt("f"), Alt("é")));
  EXPECT_THAT(KeysOf("\x1b["), ElementsAre(Alt("[")));
}

TEST(KeyDecoderTest, UnknownSequencesAreSkippedWhole) {
  EXPECT_THAT(KeysOf("\x1b[[Ax\x1b[I\x1b[24~\x1b[?1;2cy"), ElementsAre(Text("x"), Text("y")));
}

TEST(KeyDecoderTest, BytesThatAreNotUtf8AreReplaced) {
  const std::string bad(kReplacementCharacter);
  EXPECT_THAT(KeysOf("a\xff" "b\xe6\xbc" "c\x80"),
              ElementsAre(Text("a"), Text(bad), Text("b"), Text(bad), Text("c"), Text(bad)));
  EXPECT_THAT(KeysOf("\xed\xa0\x80"), ElementsAre(Text(bad), Text(bad), Text(bad)));
}

TEST(KeyDecoderTest, APasteIsOnePiece) {
  EXPECT_THAT(KeysOf("\x1b[200~SELECT 1;\r\n\tSELECT\x1b[31m\x07\xff 2;\r\x1b[201~x"),
              ElementsAre(Key{.code = KeyCode::kPaste, .text = "SELECT 1;\n\tSELECT[31m\uFFFD 2;\n"}, Text("x")));
  EXPECT_THAT(KeysOf("\x1b[200~lost\x03"), ElementsAre(Key{.code = KeyCode::kPaste, .text = "lost"}, Ctrl("c")));
}

TEST(KeyDecoderTest, APasteIsBounded) {
  const std::string paste(KeyDecoder::kMaxPasteBytes + 100'000, 'a');
  const auto keys = KeysOf("\x1b[200~" + paste + "\x1b[201~b");
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].text.size(), KeyDecoder::kMaxPasteBytes);
  EXPECT_EQ(keys[1], Text("b"));
}

// Random bytes, rich in the starts of sequences: the same keys however they are cut, text that is UTF-8, and no
// ordinary character lost.
TEST(KeyDecoderTest, AnyCutOfAnyBytesGivesTheSameKeys) {
  const auto seed = std::random_device{}();
  std::printf("seed=%u\n", seed);
  std::mt19937 random(seed);
  const std::vector<std::string> pieces = {"\x1b", "\x1b[", "\x1b[1;5", "~", "A", "O", "é", "\xe6\xbc", "漢",
                                           "\x1b[200~", "\x1b[201~", "\x1b[20", "\r", "\x03", "\xf0\x9f", "x"};
  for (int round = 0; round < 3000; ++round) {
    std::string bytes;
    for (auto count = random() % 30; count > 0; --count) {
      bytes += random() % 4 == 0 ? std::string(1, static_cast<char>(random())) : pieces[random() % pieces.size()];
    }
    KeyDecoder cut;
    std::vector<Key> keys;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t length = 1 + random() % 5;
      cut.Feed(std::string_view(bytes).substr(at, length), &keys);
      at += length;
    }
    cut.Flush(&keys);
    ASSERT_EQ(keys, KeysOf(bytes));
    for (const Key& key : keys) ASSERT_EQ(CleanInput(key.text), key.text);
  }
  for (int round = 0; round < 1000; ++round) {
    std::string typed;
    std::string got;
    for (auto count = random() % 30; count > 0; --count) typed += random() % 2 == 0 ? "é" : "z";
    for (const Key& key : KeysOf("\x1b[1;5A\x1b[Z" + typed)) got += key.text;
    ASSERT_EQ(got, typed);
  }
}

}  // namespace
}  // namespace kalam::cli
