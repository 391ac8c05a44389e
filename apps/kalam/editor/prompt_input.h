#pragma once

#include <memory>
#include <string>

#include "editor/frame.h"
#include "editor/history.h"
#include "editor/line_editor.h"

namespace kalam::cli {

// What was entered at the prompt.
struct Input {
  enum class Kind {
    kStatements,  // SQL whose last statement has its `;`
    kCommand,     // a line that starts with a backslash
    kNothing,     // given up, or empty
    kEnd,         // the end of the input
  };
  Kind kind = Kind::kNothing;
  std::string text;
};

// Where the prompt gets its inputs from. One thread.
class PromptInput {
 public:
  virtual ~PromptInput() = default;

  // Shows the prompt and waits for a whole input. Says itself what there is to say when one is given up or
  // the input ends.
  virtual Input Read(const FrameRow& prompt) = 0;
};

// Lines from standard input, without editing: what is not a terminal, or one that knows no movements.
std::unique_ptr<PromptInput> MakePlainInput();

// The line editor, on a terminal (RawTerminal::Usable). The history outlives it.
std::unique_ptr<PromptInput> MakeEditorInput(History* history, bool color, LineEditor::CompleteFunction complete);

}  // namespace kalam::cli
