#pragma once

#include <memory>
#include <optional>
#include <string>

#include <termios.h>

namespace kalam::cli {

// The bottom line of a live display: what is typed while changes scroll above it. Takes the terminal's keys one by one
// and draws the line itself, so that nothing typed is torn apart by output; Ctrl+C still makes SIGINT. One thread.
class LiveKeyboard {
 public:
  // Null where standard input and output are not a terminal of ours to use (a pipe, a background job).
  static std::unique_ptr<LiveKeyboard> Open();
  LiveKeyboard(const LiveKeyboard&) = delete;
  LiveKeyboard& operator=(const LiveKeyboard&) = delete;
  ~LiveKeyboard();  // gives the terminal back as it was

  // Readable when a key was pressed.
  int fd() const;
  // Reads what was typed: fd() is readable.
  void Read();
  // A line for which Enter was pressed, "\\unsubscribe" for Ctrl+D on an empty one; nullopt: no more for now.
  std::optional<std::string> NextLine();
  // Reading failed: the terminal is gone.
  bool ended() const { return ended_; }

  // The line is taken off the screen, so that output can go where it was.
  void Hide();
  // `prompt` and what is typed, on the last line of the screen.
  void Draw(const std::string& prompt);

 private:
  explicit LiveKeyboard(const termios& before) : before_(before) {}

  termios before_{};
  bool shown_ = false;
  bool ended_ = false;
  std::string input_;  // read, not yet taken
  std::string line_;
};

}  // namespace kalam::cli
