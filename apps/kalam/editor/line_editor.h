#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "completion/completer.h"
#include "editor/completion_menu.h"
#include "editor/edit_buffer.h"
#include "editor/frame.h"
#include "editor/highlighter.h"
#include "editor/history.h"
#include "editor/key_decoder.h"

namespace kalam::cli {

// Whether Enter ends the input: a command of one line, or SQL of which every statement has its `;`.
bool IsCompleteInput(std::string_view text);

// What keys make of an input, and how it looks meanwhile; nothing about terminals. One thread.
//
// Emacs keys; the arrows move within the text and, from its first and last line, through the history entries that
// start as the text does. Ctrl+R searches the history, Tab completes. docs/cli lists them all.
class LineEditor {
 public:
  enum class Outcome {
    kGoOn,
    kAccepted,   // text() is complete
    kCancelled,  // Ctrl+C; text() is what is given up, perhaps nothing
    kEnd,        // Ctrl+D on an empty input
    kSuspend,    // Ctrl+Z
    kClear,      // Ctrl+L
  };

  using CompleteFunction = std::function<Completions(std::string_view text, std::size_t cursor)>;

  // `color` says whether text may be styled. The history outlives the editor. Without `complete`, Tab does nothing.
  LineEditor(History* history, bool color, CompleteFunction complete = nullptr)
      : history_(*history), color_(color), complete_(std::move(complete)) {}

  // Starts a new input behind this prompt.
  void Start(FrameRow prompt);
  Outcome Press(const Key& key);
  const std::string& text() const { return buffer_.text(); }

  Frame Compose(TerminalSize size);
  // How the input stays on the screen: the cursor at its end, no suggestion.
  Frame ComposeEnd(TerminalSize size);

 private:
  // Ctrl+R: the newest entry below `place` that contains `part` is shown.
  struct Search {
    std::string part = {};
    std::optional<std::size_t> place = {};
    std::string draft;  // what was there before
    bool failed = false;
  };

  Outcome PressInSearch(const Key& key, bool* handled);
  // False when the key closed the menu and means what it always does.
  bool PressInMenu(const Key& key);
  void StartCompletion();
  void TakeCompletion(std::string_view text);
  Outcome PressPlain(const Key& key);
  Outcome PressControl(char letter);
  void PressAlt(char letter);
  Outcome PressEnter();
  void Older();
  void Newer();
  void EndHistoryWalk() { walk_.reset(); }
  void FindInHistory(std::size_t before);
  std::string_view Suggestion() const;
  bool TakeSuggestion();
  Frame ComposeView(TerminalSize size, bool at_end);

  // Up and Down: which entry is shown, and what was typed before the first of them.
  struct Walk {
    std::size_t place = 0;
    std::string draft;
  };

  History& history_;
  const bool color_;
  const CompleteFunction complete_;
  EditBuffer buffer_;
  FrameRow prompt_;
  std::size_t top_ = 0;
  std::optional<Walk> walk_;
  std::optional<Search> search_;
  std::optional<CompletionMenu> menu_;
  Highlighter highlighter_;
};

}  // namespace kalam::cli
