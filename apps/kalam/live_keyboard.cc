#include "live_keyboard.h"

#include "printer.h"
#include "text_width.h"

#include <cstdio>
#include <utility>

#include <unistd.h>

namespace kalam::cli {

namespace {

constexpr char kCtrlD = '\x04';
constexpr char kCtrlU = '\x15';
constexpr char kEscape = '\x1b';
constexpr char kDelete = '\x7f';
// More than anybody types; what comes beyond it is dropped.
constexpr std::size_t kMaxLineBytes = 64 * 1024;

void RemoveLastCharacter(std::string* text) {
  while (!text->empty() && (static_cast<unsigned char>(text->back()) & 0xC0) == 0x80) text->pop_back();
  if (!text->empty()) text->pop_back();
}

// The end of `text` that fits into so many cells.
std::string_view TailOf(std::string_view text, std::size_t cells) {
  while (ToDisplayText(text).width > cells) {
    std::size_t first = 1;
    while (first < text.size() && (static_cast<unsigned char>(text[first]) & 0xC0) == 0x80) ++first;
    text.remove_prefix(first);
  }
  return text;
}

// How long the escape sequence at the start of `input` (an arrow key and its like) is; 0: it is not complete.
std::size_t EscapeLength(std::string_view input) {
  if (input.size() < 2) return 0;
  if (input[1] != '[' && input[1] != 'O') return 2;
  for (std::size_t i = 2; i < input.size(); ++i) {
    if (input[i] >= 0x40 && input[i] <= 0x7E) return i + 1;
  }
  return 0;
}

}  // namespace

std::unique_ptr<LiveKeyboard> LiveKeyboard::Open() {
  if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) return nullptr;
  if (tcgetpgrp(STDIN_FILENO) != getpgrp()) return nullptr;
  termios before{};
  if (tcgetattr(STDIN_FILENO, &before) != 0) return nullptr;
  termios keys = before;
  keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  keys.c_cc[VMIN] = 1;
  keys.c_cc[VTIME] = 0;
  if (tcsetattr(STDIN_FILENO, TCSADRAIN, &keys) != 0) return nullptr;
  return std::unique_ptr<LiveKeyboard>(new LiveKeyboard(before));
}

LiveKeyboard::~LiveKeyboard() {
  Hide();
  tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
}

int LiveKeyboard::fd() const { return STDIN_FILENO; }

void LiveKeyboard::Read() {
  char piece[512];
  const ssize_t got = read(STDIN_FILENO, piece, sizeof(piece));
  if (got <= 0) {
    ended_ = true;
    return;
  }
  input_.append(piece, static_cast<std::size_t>(got));
}

std::optional<std::string> LiveKeyboard::NextLine() {
  while (!input_.empty()) {
    const char key = input_.front();
    if (key == kEscape) {
      const std::size_t length = EscapeLength(input_);
      if (length == 0) return std::nullopt;
      input_.erase(0, length);
      continue;
    }
    input_.erase(0, 1);
    if (key == '\n' || key == '\r') return std::exchange(line_, {});
    if (key == kCtrlD) {
      if (line_.empty()) return "\\unsubscribe";
    } else if (key == kCtrlU) {
      line_.clear();
    } else if (key == kDelete || key == '\b') {
      RemoveLastCharacter(&line_);
    } else if (static_cast<unsigned char>(key) >= 0x20 && line_.size() < kMaxLineBytes) {
      line_.push_back(key);
    }
  }
  return std::nullopt;
}

void LiveKeyboard::Hide() {
  if (!shown_) return;
  std::fputs("\r\x1b[K", stdout);
  std::fflush(stdout);
  shown_ = false;
}

void LiveKeyboard::Draw(const std::string& prompt) {
  const std::size_t screen = TerminalWidth();
  const std::size_t room = screen > prompt.size() + 1 ? screen - prompt.size() - 1 : 0;
  const std::string text = "\r\x1b[K" + prompt + ToDisplayText(TailOf(line_, room)).text;
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  shown_ = true;
}

}  // namespace kalam::cli
