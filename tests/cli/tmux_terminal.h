#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kalam_runner.h"

namespace kalam::test {

// `kalam` in a real terminal, tmux's: keys go in, and what is on the screen comes out, whatever sequences drew it. When
// the program has ended, the screen also says `status N` and, from stty, `icanon` or `-icanon`. For one thread; the
// terminal is gone with the object. The runner must outlive it.
//
// Throws std::runtime_error when something does not show up in time.
class TmuxTerminal {
 public:
  explicit TmuxTerminal(const KalamRunner& kalam, std::vector<std::string> args = {}, int columns = 100, int rows = 30);
  ~TmuxTerminal();
  TmuxTerminal(const TmuxTerminal&) = delete;
  TmuxTerminal& operator=(const TmuxTerminal&) = delete;

  void Type(std::string_view text);
  // A key by tmux's name: Enter, Tab, Up, C-c, M-b, Escape, ...
  void Press(std::string_view key);
  // As one bracketed paste.
  void Paste(std::string_view text);
  void Resize(int columns, int rows);
  // To the program, from outside.
  void Signal(int number);

  // The rows, with blanks at their ends cut off. `Styled` has colour sequences too.
  std::string Screen() const;
  std::string StyledScreen() const;
  // Waits until the screen satisfies it; the screen then.
  std::string WaitUntil(const std::function<bool(const std::string& screen)>& done, std::string_view what) const;
  std::string WaitFor(std::string_view text) const;
  // Presses the key again until the text is there: for what becomes known in the background.
  std::string PressUntil(std::string_view key, std::string_view text);

 private:
  std::string Tmux(const std::vector<std::string>& args) const;

  std::string socket_;
  std::string folder_;
};

}  // namespace kalam::test
