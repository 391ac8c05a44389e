#include "editor/key_decoder.h"

#include "editor/utf8_text.h"

#include <cstdlib>
#include <optional>
#include <utility>

namespace kalam::cli {

namespace {

constexpr char kEsc = '\x1b';
constexpr char kCtrlC = '\x03';
constexpr std::string_view kPasteEnd = "\x1b[201~";
// Longer parameters than any key has.
constexpr std::size_t kMaxParameters = 16;

std::optional<KeyCode> CodeOfLetter(char final) {
  switch (final) {
    case 'A': return KeyCode::kUp;
    case 'B': return KeyCode::kDown;
    case 'C': return KeyCode::kRight;
    case 'D': return KeyCode::kLeft;
    case 'H': return KeyCode::kHome;
    case 'F': return KeyCode::kEnd;
    case 'Z': return KeyCode::kBackTab;
    default: return std::nullopt;
  }
}

// `CSI n ~`
std::optional<KeyCode> CodeOfNumber(int number) {
  switch (number) {
    case 1:
    case 7: return KeyCode::kHome;
    case 3: return KeyCode::kDelete;
    case 4:
    case 8: return KeyCode::kEnd;
    case 5: return KeyCode::kPageUp;
    case 6: return KeyCode::kPageDown;
    default: return std::nullopt;
  }
}

}  // namespace

void KeyDecoder::Feed(std::string_view bytes, std::vector<Key>* keys) {
  for (const char byte : bytes) Take(byte, keys);
}

void KeyDecoder::Flush(std::vector<Key>* keys) {
  if (!waits()) return;
  // `Esc [` and `Esc O` with nothing behind them are Alt+[ and Alt+O.
  const State was = state_;
  state_ = State::kText;
  alt_ = false;
  if (was == State::kEscape) {
    keys->push_back({.code = KeyCode::kEscape});
  } else if (parameters_.empty()) {
    keys->push_back({.alt = true, .text = was == State::kCsi ? "[" : "O"});
  }
  parameters_.clear();
}

void KeyDecoder::Take(char byte, std::vector<Key>* keys) {
  const auto value = static_cast<unsigned char>(byte);
  switch (state_) {
    case State::kText:
      return TakeText(value, keys);
    case State::kPaste:
      return TakePaste(byte, keys);
    case State::kSkipOne:
      state_ = State::kText;
      return;
    case State::kEscape:
      state_ = State::kText;
      if (byte == '[') {
        state_ = State::kCsi;
        parameters_.clear();
      } else if (byte == 'O') {
        state_ = State::kSs3;
        parameters_.clear();
      } else if (byte == kEsc) {
        keys->push_back({.code = KeyCode::kEscape});
        state_ = State::kEscape;
      } else {
        alt_ = true;
        TakeText(value, keys);
      }
      return;
    case State::kSs3:
      if (byte >= '0' && byte <= '9') {  // a modifier, as some terminals write them
        if (parameters_.size() < kMaxParameters) parameters_ += byte;
        return;
      }
      state_ = State::kText;
      if (const auto code = CodeOfLetter(byte)) {
        keys->push_back({.code = *code, .ctrl = parameters_ == "5", .alt = parameters_ == "3"});
      } else if (byte == 'M') {
        keys->push_back({.code = KeyCode::kEnter});  // of the keypad
      } else if (value < 0x20 || value >= 0x7F) {
        TakeText(value, keys);  // no sequence at all
      }
      return;
    case State::kCsi:
      if (value >= 0x20 && value <= 0x3F) {
        if (parameters_.size() < kMaxParameters) parameters_ += byte;
        return;
      }
      state_ = State::kText;
      if (value >= 0x40 && value <= 0x7E) return EndCsi(byte, keys);
      TakeText(value, keys);
      return;
  }
}

void KeyDecoder::EndCsi(char final, std::vector<Key>* keys) {
  if (final == '[') {  // function keys of the Linux console: one character follows
    state_ = State::kSkipOne;
    return;
  }
  const int number = std::atoi(parameters_.c_str());
  const std::size_t semicolon = parameters_.find(';');
  // 1 + (1: Shift, 2: Alt, 4: Ctrl)
  const int given = semicolon == std::string::npos ? 1 : std::atoi(parameters_.c_str() + semicolon + 1);
  const int modifiers = given < 1 ? 0 : given - 1;
  std::optional<KeyCode> code;
  if (final == '~') {
    if (number == 200) {
      state_ = State::kPaste;
      pasted_.clear();
      return;
    }
    code = CodeOfNumber(number);
  } else if (parameters_.empty() || parameters_.front() == '1') {
    code = CodeOfLetter(final);
  }
  if (!code) return;
  keys->push_back({.code = *code,
                   .ctrl = (modifiers & 4) != 0,
                   .alt = (modifiers & 2) != 0,
                   .shift = (modifiers & 1) != 0});
}

void KeyDecoder::TakeText(unsigned char byte, std::vector<Key>* keys) {
  if (!character_.empty()) {
    character_ += static_cast<char>(byte);
    if (!IsUtf8Prefix(character_)) {
      character_.pop_back();
      DropPartialCharacter(keys);
      return TakeText(byte, keys);
    }
    if (character_.size() == expected_) EmitText(std::exchange(character_, {}), keys);
    return;
  }
  if (byte == static_cast<unsigned char>(kEsc)) {
    alt_ = false;
    state_ = State::kEscape;
  } else if (byte < 0x20 || byte == 0x7F) {
    EmitControl(byte, keys);
  } else if (byte < 0x80) {
    EmitText(std::string(1, static_cast<char>(byte)), keys);
  } else {
    character_ = static_cast<char>(byte);
    expected_ = Utf8Length(byte);
    if (expected_ == 0) DropPartialCharacter(keys);
  }
}

void KeyDecoder::DropPartialCharacter(std::vector<Key>* keys) {
  character_.clear();
  EmitText(std::string(kReplacementCharacter), keys);
}

void KeyDecoder::EmitText(std::string text, std::vector<Key>* keys) {
  keys->push_back({.alt = std::exchange(alt_, false), .text = std::move(text)});
}

void KeyDecoder::EmitControl(unsigned char byte, std::vector<Key>* keys) {
  Key key{.alt = std::exchange(alt_, false)};
  switch (byte) {
    case '\t': key.code = KeyCode::kTab; break;
    case '\r':
    case '\n': key.code = KeyCode::kEnter; break;
    case '\b':
    case 0x7F: key.code = KeyCode::kBackspace; break;
    default:
      key.ctrl = true;
      // 1..26 are a..z; 0 is Ctrl+Space; 28..31 are \ ] ^ _
      key.text = byte == 0 ? ' ' : static_cast<char>(byte <= 26 ? byte + 'a' - 1 : byte + '@');
  }
  keys->push_back(std::move(key));
}

void KeyDecoder::TakePaste(char byte, std::vector<Key>* keys) {
  if (byte == kCtrlC) {  // the end was lost: this is the way out
    EndPaste(keys);
    EmitControl(static_cast<unsigned char>(byte), keys);
    return;
  }
  pasted_ += byte;
  if (pasted_.ends_with(kPasteEnd)) {
    pasted_.erase(pasted_.size() - kPasteEnd.size());
    return EndPaste(keys);
  }
  // What is too much is left out, and the end still found.
  if (pasted_.size() > kMaxPasteBytes + kPasteEnd.size()) pasted_.erase(kMaxPasteBytes, 1);
}

void KeyDecoder::EndPaste(std::vector<Key>* keys) {
  state_ = State::kText;
  if (pasted_.size() > kMaxPasteBytes) pasted_.resize(kMaxPasteBytes);
  std::string text = CleanInput(pasted_);
  pasted_ = {};
  if (!text.empty()) keys->push_back({.code = KeyCode::kPaste, .text = std::move(text)});
}

}  // namespace kalam::cli
