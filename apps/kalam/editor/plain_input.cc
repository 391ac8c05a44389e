#include "editor/prompt_input.h"
#include "sql/script.h"

#include <cstdio>
#include <cstdlib>

namespace kalam::cli {

namespace {

// One line of standard input without its end; false at the end of the input.
bool ReadLine(std::string* line) {
  char* text = nullptr;
  std::size_t capacity = 0;
  const ssize_t length = getline(&text, &capacity, stdin);
  const std::unique_ptr<char, decltype(&std::free)> owner(text, &std::free);
  if (length < 0) return false;
  line->assign(text, static_cast<std::size_t>(length));
  while (!line->empty() && (line->back() == '\n' || line->back() == '\r')) line->pop_back();
  return true;
}

// Statements are given out as soon as a line completes some; what follows the last `;` waits.
class PlainInput : public PromptInput {
 public:
  Input Read(const FrameRow& prompt) override {
    std::string line;
    for (;;) {
      std::fputs(pending_.empty() ? prompt.bytes.c_str() : "    -> ", stdout);
      std::fflush(stdout);
      if (!ReadLine(&line)) {
        std::puts("\nGoodbye!");
        return {.kind = Input::Kind::kEnd, .text = {}};
      }
      if (pending_.empty() && line.starts_with('\\')) return {.kind = Input::Kind::kCommand, .text = line};
      pending_ += line + "\n";
      const sql::Script script = sql::SplitScript(pending_);
      const auto rest = script.rest.empty() ? pending_.size()
                                            : static_cast<std::size_t>(script.rest.data() - pending_.data());
      Input input;
      if (!script.statements.empty()) input = {Input::Kind::kStatements, pending_.substr(0, rest)};
      pending_.erase(0, rest);
      if (pending_.empty() || input.kind == Input::Kind::kStatements) return input;
    }
  }

 private:
  std::string pending_;
};

}  // namespace

std::unique_ptr<PromptInput> MakePlainInput() { return std::make_unique<PlainInput>(); }

}  // namespace kalam::cli
