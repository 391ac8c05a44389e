#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::cli {

enum class KeyCode : std::uint8_t {
  kText,   // one character: Key::text
  kPaste,  // what was pasted, as one piece: Key::text
  kEnter,
  kTab,
  kBackTab,
  kBackspace,
  kDelete,
  kEscape,
  kUp,
  kDown,
  kLeft,
  kRight,
  kHome,
  kEnd,
  kPageUp,
  kPageDown,
};

// One key press. Ctrl+C is kText "c" with ctrl, Alt+f is kText "f" with alt.
struct Key {
  KeyCode code = KeyCode::kText;
  bool ctrl = false;
  bool alt = false;
  bool shift = false;
  std::string text = {};

  bool IsCtrl(char letter) const { return code == KeyCode::kText && ctrl && text.size() == 1 && text[0] == letter; }
  bool IsAlt(char letter) const { return code == KeyCode::kText && alt && text.size() == 1 && text[0] == letter; }
  friend bool operator==(const Key&, const Key&) = default;
};

// Turns what a terminal sends into keys: UTF-8, control characters, the CSI and SS3 sequences of xterm
// and its kin with their modifiers, and bracketed paste.
//
// However the bytes are cut into pieces, the keys are the same. Bytes that are not UTF-8 become U+FFFD,
// sequences that mean nothing to us are skipped, and all text of keys is valid UTF-8; that of a paste has
// \n for line ends and no control characters but \n and \t. Memory is bounded by the largest paste.
class KeyDecoder {
 public:
  static constexpr std::size_t kMaxPasteBytes = 16u << 20;  // limits.max_message_size of the server

  void Feed(std::string_view bytes, std::vector<Key>* keys);

  // An Escape may have been pressed, or a sequence be under way: when nothing comes for a moment, Flush()
  // says that it was the key.
  bool waits() const { return state_ == State::kEscape || state_ == State::kCsi || state_ == State::kSs3; }
  void Flush(std::vector<Key>* keys);

 private:
  enum class State : std::uint8_t { kText, kEscape, kCsi, kSs3, kSkipOne, kPaste };

  void Take(char byte, std::vector<Key>* keys);
  void TakeText(unsigned char byte, std::vector<Key>* keys);
  void TakePaste(char byte, std::vector<Key>* keys);
  void EndCsi(char final, std::vector<Key>* keys);
  void EndPaste(std::vector<Key>* keys);
  void EmitText(std::string text, std::vector<Key>* keys);
  void EmitControl(unsigned char byte, std::vector<Key>* keys);
  void DropPartialCharacter(std::vector<Key>* keys);

  State state_ = State::kText;
  bool alt_ = false;            // Escape came before the character under way
  std::string character_;       // the bytes so far of a UTF-8 character
  std::size_t expected_ = 0;    // its length
  std::string parameters_;      // of a CSI sequence, as far as they matter
  std::string pasted_;
};

}  // namespace kalam::cli
