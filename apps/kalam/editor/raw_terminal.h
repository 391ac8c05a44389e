#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <termios.h>

#include "editor/frame.h"

namespace kalam::cli {

// Standard input and output as a terminal in raw mode, with bracketed paste: keys come as they are pressed, and
// nothing is echoed. While it lives it owns the handlers of SIGWINCH and of the signals that end a process.
// The terminal is as before once this is gone, and also when a signal ends the process. One at a time.
class RawTerminal {
 public:
  // Whether both are terminals that know cursor movements.
  static bool Usable();

  RawTerminal();
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

  enum class Event { kBytes, kResized, kTimeout, kClosed };
  // Waits for the first of: bytes (appended to *bytes), another size, the end of the time, the terminal's end.
  Event Wait(std::optional<std::chrono::milliseconds> time, std::string* bytes);
  // Whether bytes are there already.
  bool HasInput() const;

  void Write(std::string_view bytes);
  TerminalSize Size() const;

  // Ctrl+Z: gives the terminal back and stops the process; returns when it is continued.
  void Suspend();

 private:
  void Enter();
  void Leave();

  bool entered_ = false;
};

}  // namespace kalam::cli
