// What a terminal, or somebody's paste, sends to the prompt: keys, editing, completion, and what goes back to the
// terminal.

#include <algorithm>

#include "completion/completer.h"
#include "editor/line_editor.h"
#include "editor/screen.h"
#include "editor/utf8_text.h"
#include "fuzz/target.h"

using namespace kalam;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::TextOf(data, size);
  cli::KeyDecoder whole;
  std::vector<cli::Key> keys;
  whole.Feed(bytes, &keys);
  whole.Flush(&keys);
  cli::KeyDecoder cut;
  std::vector<cli::Key> same;
  for (const char byte : bytes) cut.Feed({&byte, 1}, &same);
  cut.Flush(&same);
  fuzz::Require(keys == same, "the keys don't depend on how their bytes are cut", bytes);

  static const cli::SchemaNames names({{"app", "notes", {"id", "body"}}, {"app", "news", {"id"}}});
  cli::History history(std::nullopt);
  cli::LineEditor editor(&history, true, [](std::string_view text, std::size_t cursor) {
    return cli::Complete(text, cursor, names);
  });
  editor.Start({.bytes = "kalam> ", .width = 7});
  cli::Screen screen;
  const cli::TerminalSize terminal{.rows = 5, .columns = 20};
  std::string out;
  for (const cli::Key& key : keys) {
    if (editor.Press(key) == cli::LineEditor::Outcome::kAccepted) editor.Start({});
    const cli::Frame frame = editor.Compose(terminal);
    fuzz::Require(frame.rows.size() <= terminal.rows && frame.cursor_row < frame.rows.size() &&
                      frame.cursor_column < terminal.columns,
                  "the cursor is on the terminal", bytes);
    for (const cli::FrameRow& row : frame.rows) {
      fuzz::Require(row.width <= terminal.columns, "no row is wider than the terminal", bytes);
    }
    fuzz::Require(cli::CleanInput(editor.text()) == editor.text(), "the text is clean UTF-8", bytes);
    screen.Draw(frame, terminal, &out);
  }
  return 0;
}
