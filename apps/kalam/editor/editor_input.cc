#include "editor/prompt_input.h"
#include "editor/raw_terminal.h"
#include "editor/screen.h"

#include <cstdio>

namespace kalam::cli {

namespace {

// Terminals send the bytes of a key together; what stands alone after this time is the Escape key.
constexpr std::chrono::milliseconds kEscapeTime{50};

class EditorInput : public PromptInput {
 public:
  EditorInput(History* history, bool color, LineEditor::CompleteFunction complete)
      : editor_(history, color, std::move(complete)) {}

  Input Read(const FrameRow& prompt) override {
    std::fflush(stdout);
    RawTerminal terminal;
    editor_.Start(prompt);
    Draw(terminal);
    for (;;) {
      // Keys that came together with the end of the last input are next.
      while (next_ < keys_.size()) {
        const auto outcome = editor_.Press(keys_[next_++]);
        if (auto input = Handle(outcome, terminal)) return *std::move(input);
      }
      keys_.clear();
      next_ = 0;
      if (!terminal.HasInput()) Draw(terminal);
      std::string bytes;
      const auto time = decoder_.waits() ? std::optional(kEscapeTime) : std::nullopt;
      switch (terminal.Wait(time, &bytes)) {
        case RawTerminal::Event::kBytes:
          decoder_.Feed(bytes, &keys_);
          break;
        case RawTerminal::Event::kTimeout:
          decoder_.Flush(&keys_);
          break;
        case RawTerminal::Event::kResized: {
          std::string out;
          screen_.Resize(terminal.Size(), &out);
          terminal.Write(out);
          break;
        }
        case RawTerminal::Event::kClosed:
          return {.kind = Input::Kind::kEnd, .text = {}};
      }
    }
  }

 private:
  void Draw(RawTerminal& terminal) {
    std::string out;
    const TerminalSize size = terminal.Size();
    screen_.Draw(editor_.Compose(size), size, &out);
    terminal.Write(out);
  }

  // Leaves the input on the screen as it is, and a remark under it.
  void Finish(RawTerminal& terminal, std::string_view remark) {
    std::string out;
    const TerminalSize size = terminal.Size();
    screen_.Draw(editor_.ComposeEnd(size), size, &out);
    screen_.Finish(&out);
    if (!remark.empty()) out.append(remark).append("\r\n");
    terminal.Write(out);
  }

  std::optional<Input> Handle(LineEditor::Outcome outcome, RawTerminal& terminal) {
    using Outcome = LineEditor::Outcome;
    switch (outcome) {
      case Outcome::kGoOn:
        return std::nullopt;
      case Outcome::kAccepted: {
        Finish(terminal, {});
        const std::string& text = editor_.text();
        if (text.starts_with('\\')) return Input{Input::Kind::kCommand, text};
        const bool blank = text.find_first_not_of(" \t\n") == std::string::npos;
        return blank ? Input() : Input{Input::Kind::kStatements, text};
      }
      case Outcome::kCancelled:
        Finish(terminal, editor_.text().empty() ? "Use \\quit or \\q to exit" : "Command cancelled");
        return Input();
      case Outcome::kEnd:
        Finish(terminal, "Goodbye!");
        return Input{Input::Kind::kEnd, {}};
      case Outcome::kSuspend:
        Finish(terminal, {});
        terminal.Suspend();
        return std::nullopt;
      case Outcome::kClear: {
        std::string out;
        screen_.Clear(&out);
        terminal.Write(out);
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  LineEditor editor_;
  KeyDecoder decoder_;
  Screen screen_;
  std::vector<Key> keys_;
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<PromptInput> MakeEditorInput(History* history, bool color, LineEditor::CompleteFunction complete) {
  return std::make_unique<EditorInput>(history, color, std::move(complete));
}

}  // namespace kalam::cli
